import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { CursorMoves, type MovedCursor, STAYS_MS } from "../src/cursorMoves";

const A = "file:///a.py";
let told: MovedCursor[] = [];
let moves: CursorMoves;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  told = [];
  moves = new CursorMoves((moved) => told.push(moved));
});

test("where the cursor stays is told, the way there is not", () => {
  moves.at(A, 1, 3, 0);
  mock.timers.tick(STAYS_MS - 1);
  moves.at(A, 1, 4, 0);
  mock.timers.tick(STAYS_MS);
  assert.deepEqual(told, [{ textDocument: { uri: A }, position: { line: 4, character: 0 } }]);
});

test("a cursor that an edit has moved is not told", () => {
  moves.at(A, 1, 3, 0);
  mock.timers.tick(STAYS_MS);
  moves.at(A, 2, 3, 1);
  mock.timers.tick(STAYS_MS);
  assert.equal(told.length, 1);
  moves.at(A, 2, 9, 1);
  mock.timers.tick(STAYS_MS);
  assert.equal(told.length, 2);
});

test("an edit or the end takes back what was to be told", () => {
  for (const end of [() => moves.edited(), () => moves.dispose()]) {
    moves.at(A, 1, 3, 0);
    end();
    mock.timers.tick(STAYS_MS);
  }
  assert.deepEqual(told, []);
});

test("a document that is opened again begins anew", () => {
  moves.at(A, 7, 3, 0);
  moves.closed(A);
  moves.at(A, 1, 5, 0);
  mock.timers.tick(STAYS_MS);
  assert.equal(told.length, 1);
});
