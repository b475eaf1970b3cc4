// SPDX-License-Identifier: Apache-2.0
// Who sends which panel to whom, and when, in SUMMA on a grid of ranks. Pure functions.
//
// The inner dimension is cut into panels, dealt out cyclically: panel p of X belongs to grid column
// p % C, panel p of W to grid row p % R. Grid rank (i, j) multiplies panel (i + j + t) mod panels
// at step t, so at any step the ranks of a row need panels of different owners, and so do those of
// a column: every rank sends and receives all the time.
#pragma once

#include <cstdint>
#include <vector>

#include "workers/collectives/communicator.h"
#include "workers/operators/problem.h"
#include "workers/operators/resolve.h"

namespace basisbench {

class SummaSchedule {
 public:
  // A panel of X (to or from a rank of the same grid row) or of W (same grid column).
  struct Message {
    bool of_x = false;
    int64_t panel = 0;
    int peer = 0;
  };

  SummaSchedule(const Problem& problem, const ProcessGrid& grid, int rank);

  int64_t panels() const { return panels_; }
  Piece Panel(int64_t panel) const;     // of d_in
  Piece rows() const { return rows_; }  // of tokens, of this rank
  Piece cols() const { return cols_; }  // of d_out, of this rank
  bool OwnsX(int64_t panel) const { return panel % grid_.cols == col_; }
  bool OwnsW(int64_t panel) const { return panel % grid_.rows == row_; }
  int64_t XElements(int64_t panel) const { return rows_.count * Panel(panel).count; }
  int64_t WElements(int64_t panel) const { return cols_.count * Panel(panel).count; }
  int64_t Elements(bool of_x, int64_t panel) const {
    return of_x ? XElements(panel) : WElements(panel);
  }
  // Elements of the widest panel of X or W.
  int64_t Largest(bool of_x) const { return Elements(of_x, 0); }

  // Panel that this rank multiplies at step `step`, 0 <= step < panels().
  int64_t PanelAt(int64_t step) const { return (row_ + col_ + step) % panels_; }

  // What this rank sends so that others have it for step `step`, and what it receives for its own.
  std::vector<Message> SendsFor(int64_t step) const;
  std::vector<Message> ReceivesFor(int64_t step) const;

 private:
  const ProcessGrid grid_;
  const int64_t d_in_, panels_;
  const int row_, col_;
  const Piece rows_, cols_;
};

}  // namespace basisbench
