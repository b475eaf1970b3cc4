// SPDX-License-Identifier: Apache-2.0
// The plan of `monarch`: forward as it stands, and what the backward direction shares with it.
#pragma once

#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "services/base/status_macros.h"
#include "workers/operators/monarch/monarch_layout.h"
#include "workers/operators/overlap.h"

namespace basisbench {

class MonarchPlan : public Plan {
 public:
  MonarchPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        layout_(problem, communicator.rank()),
        device_(device),
        communicator_(communicator) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(layout_.HeldOfX(), x_));
    BB_RETURN_IF_ERROR(Take(layout_.HeldOfY(), y_));
    BB_RETURN_IF_ERROR(Take(layout_.First(), w1_));
    BB_RETURN_IF_ERROR(Take(layout_.Second(), w2_));
    BB_RETURN_IF_ERROR(Take(layout_.Transposed(), transposed_));
    BB_RETURN_IF_ERROR(Take(layout_.z.sent, sent_));
    return Take(layout_.z.received, received_);
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    return {OfX("x", x_), OfFirst("w1", w1_.data()), OfSecond("w2", w2_.data())};
  }
  std::vector<Shard> Outputs() override { return {OfY("y", y_)}; }

 protected:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(problem_.dtype);
  }

  // This rank's part of a tensor that lies like X, Y, W1 or W2.
  Shard OfX(const char* tensor, Buffer& buffer) const;
  Shard OfY(const char* tensor, Buffer& buffer) const;
  Shard OfFirst(const char* tensor, void* data) const;
  Shard OfSecond(const char* tensor, void* data) const;

  virtual absl::Status Iterate(Parts parts);

  // Calls `work` with first row and number of rows of each tile, if this rank has blocks.
  absl::Status EachTile(absl::FunctionRef<absl::Status(int64_t row, int64_t rows)> work);

  // z of own blocks to whom they belong by output block.
  absl::Status Exchange(Parts parts);

  // Rows of a matrix of `width` columns to a transposed tile, and back.
  absl::Status Turn(Buffer& matrix, int64_t width, int64_t row, int64_t rows, Buffer& tile);
  absl::Status TurnBack(Buffer& tile, int64_t width, int64_t row, int64_t rows, Buffer& matrix);

  // Where z of the tile at `row` lies, of the own k and a peer's l; or of a peer's k and the own l.
  std::byte* ToPeer(int peer, int64_t row) {
    if (peer == layout_.me) return FromPeer(peer, row);
    return At(sent_, layout_.z.send[peer].offset + row * layout_.z.sent_width[peer]);
  }
  std::byte* FromPeer(int peer, int64_t row) {
    const int64_t first = layout_.exchanges ? row : 0;
    return At(received_, layout_.z.receive[peer].offset + first * layout_.z.received_width[peer]);
  }

  // transposed_, a tile of X, to z; and z to a tile of Y in transposed_.
  absl::Status FirstFactor(int64_t row, int64_t rows);
  absl::Status SecondFactor(int64_t row, int64_t rows);

  const Problem problem_;
  const MonarchLayout layout_;
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_;
  Buffer w1_;               // by peer: [k][r, l of the peer][p]
  Buffer w2_;               // [l][s][k, r]
  Buffer transposed_;       // xt, then yt of one tile
  Buffer sent_, received_;  // z, by peer and tile: [k][r][l][row]
};

absl::StatusOr<std::unique_ptr<Plan>> MakeMonarchBackward(const Problem& problem, Device& device,
                                                          Communicator& communicator);
RankCost MonarchBackwardCost(const Problem& problem, int rank);

}  // namespace basisbench
