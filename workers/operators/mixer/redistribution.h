// SPDX-License-Identifier: Apache-2.0
// A matrix cut by rows over the ranks made into the same matrix cut by columns, and back: one
// all-to-all each way. By columns, the rows that go to a rank follow each other in memory, so only
// the side cut by rows is packed. Messages P - 1, bytes b (own rows or columns) x (the others' of
// the other side).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"

namespace basisbench {

class Redistribution {
 public:
  // Columns are cut between groups of `unit` of them, which divides their number.
  Redistribution(Dtype dtype, int64_t rows, int64_t cols, int ranks, int rank, int64_t unit = 1);

  // Elements of this rank's part either way; the staging area is as large as the part by rows.
  int64_t ByRows() const { return own_rows_.count * cols_; }
  int64_t ByColumns() const { return rows_ * own_cols_.count; }

  // Cut by columns to pieces in staging, and from there to whole rows.
  absl::Status SendColumns(Communicator& communicator, const void* by_columns, void* staging) const;
  absl::Status Unpack(Device& device, const void* staging, void* by_rows) const;

  // Whole rows to pieces in staging, and from there to whole columns.
  absl::Status Pack(Device& device, const void* by_rows, void* staging) const;
  absl::Status SendRows(Communicator& communicator, const void* staging, void* by_columns) const;

  TrafficTable SendColumnsTraffic() const;
  TrafficTable SendRowsTraffic() const;

 private:
  const Dtype dtype_;
  const int64_t rows_, cols_;
  const int rank_;
  Piece own_rows_, own_cols_;
  std::vector<Piece> col_parts_;
  std::vector<Piece> in_columns_, in_staging_;  // per rank, in elements
};

}  // namespace basisbench
