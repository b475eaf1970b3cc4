// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/redistribution.h"

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// Own rows between their pieces (one per rank, a matrix of its columns each) and their place.
enum class Way { kToPieces, kFromPieces };

absl::Status MovePieces(Device& device, Dtype dtype, Way way, int64_t rows, int64_t cols,
                        const std::vector<Piece>& col_parts, const std::vector<Piece>& pieces,
                        const std::byte* from, std::byte* to) {
  const int64_t size = DtypeSize(dtype);
  for (size_t rank = 0; rank < pieces.size(); ++rank) {
    const Piece& part = col_parts[rank];
    const int64_t place = part.offset * size, piece = pieces[rank].offset * size;
    CopyArgs args{.dtype = dtype, .rows = rows, .cols = part.count};
    const bool packing = way == Way::kToPieces;
    args.from = from + (packing ? place : piece);
    args.from_row_stride = packing ? cols : part.count;
    args.to = to + (packing ? piece : place);
    args.to_row_stride = packing ? part.count : cols;
    args.pass_bytes = rows * cols * size;
    BB_RETURN_IF_ERROR(device.Copy(args));
  }
  return absl::OkStatus();
}

}  // namespace

Redistribution::Redistribution(Dtype dtype, int64_t rows, int64_t cols, int ranks, int rank,
                               int64_t unit)
    : dtype_(dtype),
      rows_(rows),
      cols_(cols),
      rank_(rank),
      own_rows_(PartOf(rows, ranks, rank)),
      own_cols_(PartsOf(cols / unit, ranks, unit)[rank]),
      col_parts_(PartsOf(cols / unit, ranks, unit)),
      in_columns_(PartsOf(rows, ranks, own_cols_.count)) {
  for (const Piece& part : col_parts_)
    in_staging_.push_back({part.offset * own_rows_.count, part.count * own_rows_.count});
}

absl::Status Redistribution::SendColumns(Communicator& communicator, const void* by_columns,
                                         void* staging) const {
  return communicator.AllToAll(dtype_, by_columns, in_columns_, staging, in_staging_);
}

absl::Status Redistribution::Unpack(Device& device, const void* staging, void* by_rows) const {
  return MovePieces(device, dtype_, Way::kFromPieces, own_rows_.count, cols_, col_parts_,
                    in_staging_, static_cast<const std::byte*>(staging),
                    static_cast<std::byte*>(by_rows));
}

absl::Status Redistribution::Pack(Device& device, const void* by_rows, void* staging) const {
  return MovePieces(device, dtype_, Way::kToPieces, own_rows_.count, cols_, col_parts_, in_staging_,
                    static_cast<const std::byte*>(by_rows), static_cast<std::byte*>(staging));
}

absl::Status Redistribution::SendRows(Communicator& communicator, const void* staging,
                                      void* by_columns) const {
  return communicator.AllToAll(dtype_, staging, in_staging_, by_columns, in_columns_);
}

TrafficTable Redistribution::SendColumnsTraffic() const {
  return AllToAllTraffic(dtype_, in_columns_, rank_);
}

TrafficTable Redistribution::SendRowsTraffic() const {
  return AllToAllTraffic(dtype_, in_staging_, rank_);
}

}  // namespace basisbench
