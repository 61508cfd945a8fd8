/**
 * The mutation operators, in one list: what it takes to make small faults of the kind that people make.
 */
import { REPLACE_ARGUMENT } from './operators/arguments.ts';
import { CHANGE_LOOP_BOUND, NEGATE_CONDITION, SWAP_BRANCHES } from './operators/control-flow.ts';
import {
  REMOVE_ONE,
  REMOVE_SIGN,
  SWAP_ARITHMETIC,
  SWAP_ASSIGNMENT,
  SWAP_COMPARISON,
  SWAP_LOGICAL,
  SWAP_METHOD,
  SWAP_UPDATE,
} from './operators/expressions.ts';
import { EMPTY_LIST, EMPTY_TEXT, OFF_BY_ONE, SWAP_BOOLEAN } from './operators/literals.ts';
import type { MutationOperator } from './operators/operator.ts';
import { EARLY_RETURN, REMOVE_STATEMENT } from './operators/statements.ts';

/** All of them; each is asked about every place of a source. */
export const MUTATION_OPERATORS: readonly MutationOperator[] = [
  SWAP_COMPARISON,
  SWAP_ARITHMETIC,
  SWAP_LOGICAL,
  SWAP_ASSIGNMENT,
  SWAP_UPDATE,
  SWAP_METHOD,
  REMOVE_ONE,
  REMOVE_SIGN,
  OFF_BY_ONE,
  SWAP_BOOLEAN,
  EMPTY_TEXT,
  EMPTY_LIST,
  NEGATE_CONDITION,
  SWAP_BRANCHES,
  CHANGE_LOOP_BOUND,
  REMOVE_STATEMENT,
  EARLY_RETURN,
  REPLACE_ARGUMENT,
];
