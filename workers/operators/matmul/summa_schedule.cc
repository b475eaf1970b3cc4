// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/matmul/summa_schedule.h"

#include <algorithm>
#include <numeric>

#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// On a true grid the first panels cannot be hidden, so panels are narrow; on a row or a column of
// ranks every rank starts with its own, and one panel per rank costs the fewest messages and the
// longest products.
constexpr int64_t kGridPanelWidth = 256;

int64_t PanelCount(const Problem& problem, const ProcessGrid& grid) {
  const int64_t round = std::lcm(grid.rows, grid.cols);  // so that every rank owns equally many
  const bool line = grid.rows == 1 || grid.cols == 1;
  const int64_t rounds =
      line ? 1 : std::max<int64_t>(1, problem.shape.d_in / (kGridPanelWidth * round));
  return std::min(problem.shape.d_in, round * rounds);
}

}  // namespace

SummaSchedule::SummaSchedule(const Problem& problem, const ProcessGrid& grid, int rank)
    : grid_(grid),
      d_in_(problem.shape.d_in),
      panels_(PanelCount(problem, grid)),
      row_(rank / grid.cols),
      col_(rank % grid.cols),
      rows_(PartOf(problem.shape.tokens, grid.rows, row_)),
      cols_(PartOf(problem.shape.d_out, grid.cols, col_)) {}

Piece SummaSchedule::Panel(int64_t panel) const { return PartOf(d_in_, panels_, panel); }

std::vector<SummaSchedule::Message> SummaSchedule::SendsFor(int64_t step) const {
  std::vector<Message> sends;
  for (int col = 0; col < grid_.cols; ++col) {
    const int64_t panel = (row_ + col + step) % panels_;
    if (col != col_ && OwnsX(panel)) sends.push_back({true, panel, row_ * grid_.cols + col});
  }
  for (int row = 0; row < grid_.rows; ++row) {
    const int64_t panel = (row + col_ + step) % panels_;
    if (row != row_ && OwnsW(panel)) sends.push_back({false, panel, row * grid_.cols + col_});
  }
  return sends;
}

std::vector<SummaSchedule::Message> SummaSchedule::ReceivesFor(int64_t step) const {
  std::vector<Message> receives;
  const int64_t panel = PanelAt(step);
  if (!OwnsX(panel)) {
    receives.push_back({true, panel, row_ * grid_.cols + static_cast<int>(panel % grid_.cols)});
  }
  if (!OwnsW(panel)) {
    receives.push_back({false, panel, static_cast<int>(panel % grid_.rows) * grid_.cols + col_});
  }
  return receives;
}

}  // namespace basisbench
