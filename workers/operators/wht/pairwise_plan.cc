// SPDX-License-Identifier: Apache-2.0
// WHT of rows that lie across the ranks, by columns: H_n = H_P (x) H_(n/P). Each rank transforms
// its own n/P columns, then does one stage of H_P per bit of the rank: it swaps with the rank that
// differs in that bit and adds or subtracts. Rows go through in chunks that stay in the cache from
// the first stage to the last; each stage of a chunk waits for a message that was started a chunk
// ago.
//   Messages lg P per chunk, bytes b lg P N n / P. One pass over memory.
#include <algorithm>
#include <bit>

#include "services/base/status_macros.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"
#include "workers/operators/wht/wht_plans.h"

namespace basisbench {
namespace {

// Bytes of a chunk: a message large enough for a full rate, and a few of them fit a level-2 cache.
constexpr int64_t kChunkBytes = int64_t{256} << 10;

struct Geometry {
  explicit Geometry(const Problem& problem)
      : tokens(problem.shape.tokens),
        width(problem.shape.d_in / problem.ranks),
        chunk(std::clamp<int64_t>(kChunkBytes / (width * DtypeSize(problem.dtype)), 1, tokens)),
        chunks((tokens + chunk - 1) / chunk),
        stages(std::countr_zero(static_cast<unsigned>(problem.ranks))) {}

  int64_t RowsOf(int64_t index) const { return std::min(chunk, tokens - index * chunk); }

  int64_t tokens;
  int64_t width;  // columns of a rank
  int64_t chunk;  // rows of a chunk; the last may have fewer
  int64_t chunks;
  int stages;  // of exchange
};

class PairwisePlan : public Plan {
 public:
  PairwisePlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        geometry_(problem),
        device_(device),
        communicator_(communicator),
        pending_(geometry_.stages) {}

  absl::Status Allocate() {
    const int64_t row = geometry_.width * DtypeSize(problem_.dtype);
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(geometry_.tokens * row));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(geometry_.tokens * row));
    BB_ASSIGN_OR_RETURN(arriving_, device_.Allocate(geometry_.stages * geometry_.chunk * row));
    return absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override { return {Columns(WhtInput(problem_), x_)}; }
  std::vector<Shard> Outputs() override { return {Columns(WhtOutput(problem_), y_)}; }

 private:
  Shard Columns(const char* tensor, Buffer& buffer) const {
    const int64_t width = geometry_.width;
    return {tensor,
            problem_.dtype,
            buffer.data(),
            width,
            IndicesOf({0, geometry_.tokens}),
            IndicesOf({communicator_.rank() * width, width})};
  }

  // At every tick, each stage has a chunk of its own: the one that the stage before had a tick ago.
  absl::Status Iterate(Parts parts) {
    const int stages = geometry_.stages;
    for (int64_t tick = 0; tick < geometry_.chunks + stages; ++tick) {
      for (int stage = stages; stage >= 0; --stage) {
        const int64_t chunk = tick - stage;
        if (chunk < 0 || chunk >= geometry_.chunks) continue;
        if (parts.communicate && stage > 0) BB_RETURN_IF_ERROR(pending_[stage - 1]->Wait());
        if (parts.compute) {
          BB_RETURN_IF_ERROR(stage == 0 ? Transform(chunk) : Combine(chunk, stage - 1));
        }
        if (parts.communicate && stage < stages) BB_RETURN_IF_ERROR(Exchange(chunk, stage));
      }
    }
    return Settle(device_, problem_.ranks);
  }

  std::byte* At(Buffer& buffer, int64_t row) const {
    return buffer.data() + row * geometry_.width * DtypeSize(problem_.dtype);
  }
  std::byte* ChunkOfY(int64_t chunk) { return At(y_, chunk * geometry_.chunk); }
  std::byte* Arriving(int stage) { return At(arriving_, stage * geometry_.chunk); }

  absl::Status Transform(int64_t chunk) {
    WhtArgs args = WhtRows(problem_, geometry_.RowsOf(chunk), geometry_.width);
    args.in = At(x_, chunk * geometry_.chunk);
    args.out = ChunkOfY(chunk);
    return device_.Wht(args);
  }

  absl::Status Exchange(int64_t chunk, int stage) {
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));  // what is sent has been computed
    const int partner = communicator_.rank() ^ (1 << stage);
    const int64_t count = geometry_.RowsOf(chunk) * geometry_.width;
    BB_ASSIGN_OR_RETURN(pending_[stage],
                        communicator_.StartSendRecv(problem_.dtype, ChunkOfY(chunk), count, partner,
                                                    Arriving(stage), count, partner));
    return absl::OkStatus();
  }

  absl::Status Combine(int64_t chunk, int stage) {
    const bool lower = (communicator_.rank() & (1 << stage)) == 0;
    ButterflyArgs args{.dtype = problem_.dtype};
    args.count = geometry_.RowsOf(chunk) * geometry_.width;
    args.x = lower ? ChunkOfY(chunk) : Arriving(stage);
    args.z = lower ? Arriving(stage) : ChunkOfY(chunk);
    args.sign = lower ? 1.0 : -1.0;
    args.y = ChunkOfY(chunk);
    return device_.Butterfly(args);
  }

  const Problem problem_;
  const Geometry geometry_;
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_, arriving_;                        // arriving_: one chunk per stage
  std::vector<std::unique_ptr<Pending>> pending_;  // by stage
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<PairwisePlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const Geometry geometry(problem);
  const int64_t own = geometry.tokens * geometry.width;
  RankCost cost{2 * own + geometry.stages * geometry.chunk * geometry.width};
  Traffic& moved = cost.traffic[static_cast<size_t>(Collective::kSendRecv)];
  moved.calls = moved.messages_sent = geometry.stages * geometry.chunks;
  moved.bytes_sent = geometry.stages * own * DtypeSize(problem.dtype);
  return cost;
}

}  // namespace

Sharding WhtPairwise() { return {"pairwise", MakePlan, Cost}; }

}  // namespace basisbench
