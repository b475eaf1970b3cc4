// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/short_conv/halo_plan.h"

#include <algorithm>
#include <optional>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/mixer/halo.h"
#include "workers/operators/parameters.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"
#include "workers/operators/short_conv/taps.h"

namespace basisbench {
namespace {

struct Layout {
  Layout(const Problem& problem, int rank)
      : taps(IntegerParameter(problem, "taps")),
        width(problem.shape.d_in),
        backward(problem.direction == "backward"),
        parts(PartsOf(problem.shape.tokens, problem.ranks)),
        rows(parts[rank]),
        needed(backward ? RunsAfter(parts, taps - 1) : RunsBefore(parts, taps - 1)),
        reach(needed[rank].count),
        halo(problem.dtype, width, parts, needed, rank) {}

  int64_t taps, width;
  bool backward;
  std::vector<Piece> parts;
  Piece rows;                 // own
  std::vector<Piece> needed;  // rows of each rank
  int64_t reach;              // own needed ones
  Halo halo;
};

class HaloPlan : public Plan {
 public:
  HaloPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        layout_(problem, communicator.rank()),
        device_(device),
        communicator_(communicator) {}

  absl::Status Allocate() {
    const int64_t held = layout_.rows.count * layout_.width, weights = layout_.taps * layout_.width;
    const bool backward = layout_.backward;
    BB_RETURN_IF_ERROR(Take(held, x_));
    BB_RETURN_IF_ERROR(Take(held, y_));
    BB_RETURN_IF_ERROR(Take(backward ? held : 0, dx_));
    BB_RETURN_IF_ERROR(Take(weights, w_));
    BB_RETURN_IF_ERROR(Take(backward ? weights : 0, dw_));
    BB_RETURN_IF_ERROR(Take(layout_.halo.Numbers(), halo_));
    taps_.emplace(problem_.dtype, layout_.width, device_, w_.data(), dw_.data());
    return absl::OkStatus();
  }

  absl::Status Run() override { return Do({}); }
  absl::Status RunCompute() override { return Do({.communicate = false}); }
  absl::Status RunCommunication() override { return Do({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {Rows("x", x_)};
    if (layout_.backward) inputs.push_back(Rows("dy", y_));
    inputs.push_back(Weights("w", w_));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (!layout_.backward) return {Rows("y", y_)};
    return {Rows("dx", dx_), Weights("dw", dw_)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard Rows(const char* tensor, Buffer& buffer) const {
    return {tensor,        problem_.dtype,          buffer.data(),
            layout_.width, IndicesOf(layout_.rows), IndicesOf({0, layout_.width})};
  }
  Shard Weights(const char* tensor, Buffer& buffer) const {
    return {tensor,
            problem_.dtype,
            buffer.data(),
            layout_.width,
            IndicesOf({0, layout_.taps}),
            IndicesOf({0, layout_.width})};
  }

  absl::Status Do(Parts parts) {
    Transfers transfers;
    const Buffer& lent = layout_.backward ? y_ : x_;
    if (parts.communicate) {
      BB_RETURN_IF_ERROR(layout_.halo.Start(communicator_,
                                            taps_->Row(lent.data(), layout_.halo.lent().offset),
                                            halo_.data(), transfers));
    }
    for (int64_t tap = 0; parts.compute && tap < layout_.taps; ++tap)
      BB_RETURN_IF_ERROR(layout_.backward ? OwnAdjoint(tap) : Own(tap));
    BB_RETURN_IF_ERROR(transfers.Wait());
    for (int64_t tap = 1; parts.compute && tap < layout_.taps; ++tap)
      BB_RETURN_IF_ERROR(layout_.backward ? HaloAdjoint(tap) : OfHalo(tap));
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
    if (!layout_.backward || !parts.communicate || problem_.ranks == 1) return absl::OkStatus();
    return communicator_.AllReduce(problem_.dtype, dw_.data(), layout_.taps * layout_.width);
  }

  // Y[n] from X[n - tap]: of own rows, and for the first rows of the halo.
  absl::Status Own(int64_t tap) {
    return taps_->Spread(tap, layout_.rows.count - tap, x_.data(), taps_->Row(y_.data(), tap),
                         tap > 0);
  }
  absl::Status OfHalo(int64_t tap) {
    const int64_t first = std::max<int64_t>(0, tap - layout_.reach);
    const int64_t end = std::min(tap, layout_.rows.count);
    return taps_->Spread(tap, end - first, taps_->Row(halo_.data(), layout_.reach + first - tap),
                         taps_->Row(y_.data(), first), true);
  }

  // dX[m] and the tap's gradient from dY[m + tap]: of own rows, and for the last rows of the halo.
  absl::Status OwnAdjoint(int64_t tap) {
    const int64_t rows = layout_.rows.count - tap;
    const std::byte* dy = taps_->Row(y_.data(), tap);
    BB_RETURN_IF_ERROR(taps_->Spread(tap, rows, dy, dx_.data(), tap > 0));
    return taps_->Gradient(tap, rows, x_.data(), dy, false);
  }
  absl::Status HaloAdjoint(int64_t tap) {
    const int64_t own = layout_.rows.count, first = std::max<int64_t>(0, own - tap);
    const int64_t rows = std::min(own, own + layout_.reach - tap) - first;
    const std::byte* dy = taps_->Row(halo_.data(), first + tap - own);
    BB_RETURN_IF_ERROR(taps_->Spread(tap, rows, dy, taps_->Row(dx_.data(), first), true));
    return taps_->Gradient(tap, rows, taps_->Row(x_.data(), first), dy, true);
  }

  const Problem problem_;
  const Layout layout_;
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_, dx_;  // y_ is dY backward
  Buffer w_, dw_, halo_;
  std::optional<Taps> taps_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<HaloPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const Layout layout(problem, rank);
  const int64_t times = layout.backward ? 2 : 1, weights = layout.taps * layout.width;
  RankCost cost{layout.rows.count * layout.width * (1 + times) + weights * times +
                layout.halo.Numbers()};
  cost.traffic = layout.halo.DeclaredTraffic();
  if (layout.backward && problem.ranks > 1)
    AddTraffic(AllReduceTraffic(problem.dtype, weights, rank, problem.ranks), cost.traffic);
  return cost;
}

// The last rows of a rank reach the next rows of others, one-to-one for weights in general
// position; backward its first rows those before.
double LowerBoundWords(const Problem& problem) {
  const int64_t reach = IntegerParameter(problem, "taps") - 1;
  const bool backward = problem.direction == "backward";
  int64_t most = 0;
  for (const Piece& part : PartsOf(problem.shape.tokens, problem.ranks)) {
    const int64_t after = problem.shape.tokens - part.offset - part.count;
    most = std::max(most, std::min({reach, part.count, backward ? part.offset : after}));
  }
  return static_cast<double>(most * problem.shape.d_in);
}

}  // namespace

Sharding ShortConvHalo() {
  return {"halo", MakePlan, Cost, LowerBoundWords,
          "rank of the map from a rank's rows to what others own"};
}

}  // namespace basisbench
