// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/transform/dwt_halo_plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/mixer/halo.h"
#include "workers/operators/mixer/mixer_layout.h"
#include "workers/operators/parameters.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"
#include "workers/operators/transform/wavelet_step.h"

namespace basisbench {
namespace {

// Levels that are done where the vectors are cut.
int64_t CutLevels(int64_t n, int64_t levels, int64_t reach, int ranks) {
  if (ranks == 1) return 0;
  int64_t cut = levels;
  for (; cut > 0; --cut) {
    const int64_t groups = n >> cut, shortest = groups / ranks;
    const int64_t longest = (groups + ranks - 1) / ranks;
    if (shortest >= 1 && 2 * shortest >= reach && 8 * longest * ranks <= 9 * groups) break;
  }
  return cut;
}

struct Layout {
  Layout(const Mixer& op, const Problem& problem, int64_t taps, int rank_)
      : n(op.InputLength(problem)),
        vectors(op.Vectors(problem)),
        reach(taps - 2),
        cut_levels(CutLevels(n, IntegerParameter(problem, "levels"), reach, problem.ranks)),
        other_levels(IntegerParameter(problem, "levels") - cut_levels),
        tokens(op.MixesTokens(problem)),
        backward(problem.direction == "backward"),
        dtype(problem.dtype),
        rank(rank_),
        groups(PartsOf(n >> cut_levels, problem.ranks)) {}

  // Of every rank: the parts of the sums after `level` levels, 0 for the vectors themselves.
  std::vector<Piece> Parts(int64_t level) const {
    std::vector<Piece> parts;
    for (const Piece& group : groups) parts.push_back(At(group, level));
    return parts;
  }
  Piece Own(int64_t level) const { return At(groups[rank], level); }

  // Of what the sums after `level` - 1 levels are made from, or backward make.
  Halo HaloOf(int64_t level) const {
    const std::vector<Piece> parts = Parts(backward ? level : level - 1);
    std::vector<Piece> needed;
    for (const Piece& part : parts) {
      needed.push_back(backward ? Piece{part.offset - reach / 2, reach / 2}
                                : Piece{part.offset + part.count, reach});
    }
    return {dtype, backward ? 2 * vectors : vectors, parts, needed, rank};
  }

  // Where the kept elements are in a vector of Y.
  std::vector<int64_t> Kept() const {
    std::vector<int64_t> kept = IndicesOf(groups[rank]);
    for (int64_t level = cut_levels; level >= 1; --level) {
      for (const int64_t index : IndicesOf(Own(level))) kept.push_back((n >> level) + index);
    }
    return kept;
  }

  int64_t n, vectors, reach;
  int64_t cut_levels, other_levels;
  bool tokens, backward;
  Dtype dtype;
  int rank;
  std::vector<Piece> groups;

 private:
  Piece At(const Piece& group, int64_t level) const {
    return {group.offset << (cut_levels - level), group.count << (cut_levels - level)};
  }
};

// The other levels, of the sums that are left: a smaller problem of the same kind.
Problem OfOthers(const Layout& layout, const Problem& problem) {
  Problem others = problem;
  const int64_t left = layout.n >> layout.cut_levels;
  if (layout.tokens) {
    others.shape.tokens = left;
  } else {
    others.shape.d_in = others.shape.d_out = left;
  }
  others.parameters["levels"] = std::to_string(layout.other_levels);
  others.sharding = layout.tokens ? "token" : "column";
  return others;
}

// What is done at a time: some sums of some vectors.
struct Region {
  Piece sums, vectors;
};

// Whole blocks one after the other; a last one of less than `least` goes with the one before.
std::vector<Piece> PiecesOf(const Blocks& blocks, int64_t least) {
  std::vector<Piece> pieces;
  for (int64_t first = 0; first < blocks.vectors; first += pieces.back().count) {
    const int64_t left = blocks.vectors - first;
    pieces.push_back({first, left < blocks.size + least ? left : blocks.size});
  }
  return pieces;
}

class HaloPlan : public Plan {
 public:
  HaloPlan(Layout layout, std::vector<double> filter, Device& device, Communicator& communicator)
      : layout_(std::move(layout)),
        device_(device),
        communicator_(communicator),
        step_(layout_.dtype, device, std::move(filter)) {}

  absl::Status Allocate(const Mixer& op, const Problem& problem);

  absl::Status Run() override { return Do({}); }
  absl::Status RunCompute() override { return Do({.communicate = false}); }
  absl::Status RunCommunication() override { return Do({.compute = false}); }

  std::vector<Shard> Inputs() override {
    return {layout_.backward ? Held("dy", y_, layout_.Kept())
                             : Held("x", x_, IndicesOf(layout_.Own(0)))};
  }
  std::vector<Shard> Outputs() override {
    return {layout_.backward ? Held("dx", x_, IndicesOf(layout_.Own(0)))
                             : Held("y", y_, layout_.Kept())};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer,
                        device_.Allocate(elements * layout_.vectors * DtypeSize(layout_.dtype)));
    return absl::OkStatus();
  }
  Shard Held(const char* tensor, Buffer& buffer, std::vector<int64_t> elements) const {
    const std::vector<int64_t> vectors = IndicesOf({0, layout_.vectors});
    const auto length = static_cast<int64_t>(elements.size());
    if (layout_.tokens)
      return {tensor, layout_.dtype, buffer.data(), layout_.vectors, std::move(elements), vectors};
    return {tensor, layout_.dtype, buffer.data(), length, vectors, std::move(elements)};
  }

  // Vectors lie as in X: side by side, or one after the other.
  Target Vectors(void* data, int64_t length) const {
    return layout_.tokens ? Target{data, 1, layout_.vectors} : Target{data, length, 1};
  }
  // A halo of elements, or of sums and differences in turn, which starts at a number.
  Target Elements(Buffer& buffer, int64_t number, int64_t width) const {
    return {buffer.data() + number * DtypeSize(layout_.dtype), 1, width};
  }
  // The vectors from `first` on.
  Source Of(const Source& x, int64_t first) const {
    return {ElementAt(layout_.dtype, x.data, first * x.row), x.row, x.col};
  }
  Target Of(const Target& x, int64_t first) const {
    return {ElementAt(layout_.dtype, x.data, first * x.row), x.row, x.col};
  }
  Target X() { return Vectors(x_.data(), layout_.Own(0).count); }
  Target Y() { return Vectors(y_.data(), layout_.Own(0).count); }
  std::vector<Region> RegionsOf(const Mixer& op, const Problem& problem, int64_t level) const;
  // The sums after a level that is done here; the last ones lie in Y, or where the others begin.
  Target Sums(int64_t level);
  Target Differences(int64_t level) { return step_.From(Y(), layout_.Own(level).count); }

  absl::Status Do(Parts parts);
  absl::Status Forward(int64_t level, Parts parts);
  absl::Status Backward(int64_t level, Parts parts);
  absl::Status Others(Parts parts);
  // Elements that others need of own ones, `count` from `first` on, to where they are sent from.
  absl::Status Pack(const Source& from, int64_t first, int64_t count, const Target& to) {
    return CopyRows(device_, layout_.dtype, layout_.vectors, count, step_.From(from, first), to);
  }
  absl::Status Bring(int64_t level, Parts parts);

  const Layout layout_;
  Device& device_;
  Communicator& communicator_;
  const WaveletStep step_;
  std::vector<Halo> halos_;  // by level, the first at 0
  std::vector<std::vector<Region>> regions_;
  Buffer x_, y_;  // dX and dY backward
  Buffer odd_, even_, lent_, halo_;
  std::unique_ptr<Plan> others_;  // null without other levels
  Target others_in_, others_out_;
};

absl::Status HaloPlan::Allocate(const Mixer& op, const Problem& problem) {
  const int64_t held = layout_.Own(0).count;
  BB_RETURN_IF_ERROR(Take(held, x_));
  BB_RETURN_IF_ERROR(Take(held, y_));
  BB_RETURN_IF_ERROR(Take(layout_.cut_levels > 1 ? held / 2 : 0, odd_));
  BB_RETURN_IF_ERROR(Take(layout_.cut_levels > 2 ? held / 4 : 0, even_));
  BB_RETURN_IF_ERROR(Take(layout_.reach, lent_));
  BB_RETURN_IF_ERROR(Take(layout_.reach, halo_));
  for (int64_t level = 1; level <= layout_.cut_levels; ++level) {
    halos_.push_back(layout_.HaloOf(level));
    regions_.push_back(RegionsOf(op, problem, level));
  }
  if (layout_.other_levels == 0) return absl::OkStatus();
  BB_ASSIGN_OR_RETURN(others_,
                      MakeMixerPlan(op, OfOthers(layout_, problem), device_, communicator_));
  const int64_t left = layout_.Own(layout_.cut_levels).count;
  others_in_ = Vectors(others_->Inputs().front().data, left);
  others_out_ = Vectors(others_->Outputs().front().data, left);
  return absl::OkStatus();
}

// A region goes along what lies together in memory, and stays in the cache.
std::vector<Region> HaloPlan::RegionsOf(const Mixer& op, const Problem& problem,
                                        int64_t level) const {
  const int64_t sums = layout_.Own(level).count, vectors = layout_.vectors;
  std::vector<Region> regions;
  if (layout_.tokens) {
    for (const Piece& some : PiecesOf(BlocksOf(op, problem, sums, 4 * vectors), layout_.reach / 2))
      regions.push_back({some, {0, vectors}});
  } else {
    for (const Piece& some : PiecesOf(BlocksOf(op, problem, vectors, 4 * sums), 1))
      regions.push_back({{0, sums}, some});
  }
  return regions;
}

Target HaloPlan::Sums(int64_t level) {
  if (level == 0) return X();
  if (level == layout_.cut_levels) {
    if (others_ == nullptr) return Y();
    return layout_.backward ? others_out_ : others_in_;
  }
  const int64_t held = layout_.Own(0).count;
  return level % 2 == 1 ? Vectors(odd_.data(), held / 2) : Vectors(even_.data(), held / 4);
}

absl::Status HaloPlan::Do(Parts parts) {
  if (layout_.backward) {
    BB_RETURN_IF_ERROR(Others(parts));
    for (int64_t level = layout_.cut_levels; level >= 1; --level)
      BB_RETURN_IF_ERROR(Backward(level, parts));
  } else {
    for (int64_t level = 1; level <= layout_.cut_levels; ++level)
      BB_RETURN_IF_ERROR(Forward(level, parts));
    BB_RETURN_IF_ERROR(Others(parts));
  }
  return Settle(device_, communicator_.size());
}

absl::Status HaloPlan::Forward(int64_t level, Parts parts) {
  const Source x = AsSource(Sums(level - 1)), after = AsSource(Elements(halo_, 0, layout_.vectors));
  if (parts.compute)
    BB_RETURN_IF_ERROR(Pack(x, 0, layout_.reach, Elements(lent_, 0, layout_.vectors)));
  BB_RETURN_IF_ERROR(Bring(level, parts));
  if (!parts.compute) return absl::OkStatus();
  for (const auto& [sums, vectors] : regions_[level - 1]) {
    const int64_t end = sums.offset + sums.count, vector = vectors.offset;
    const Source next =
        end == layout_.Own(level).count ? Of(after, vector) : step_.From(Of(x, vector), 2 * end);
    BB_RETURN_IF_ERROR(step_.Split(vectors.count, 2 * sums.count,
                                   step_.From(Of(x, vector), 2 * sums.offset), &next,
                                   step_.From(Of(Sums(level), vector), sums.offset),
                                   step_.From(Of(Differences(level), vector), sums.offset)));
  }
  return absl::OkStatus();
}

absl::Status HaloPlan::Backward(int64_t level, Parts parts) {
  const int64_t width = 2 * layout_.vectors, reach = layout_.reach / 2;
  const SumsAndDifferences own = {AsSource(Sums(level)), AsSource(Differences(level))};
  const int64_t last = layout_.Own(level).count - reach;
  if (parts.compute) {
    BB_RETURN_IF_ERROR(Pack(own.a, last, reach, Elements(lent_, 0, width)));
    BB_RETURN_IF_ERROR(Pack(own.d, last, reach, Elements(lent_, layout_.vectors, width)));
  }
  BB_RETURN_IF_ERROR(Bring(level, parts));
  if (!parts.compute) return absl::OkStatus();
  const SumsAndDifferences brought = {
      step_.From(AsSource(Elements(halo_, 0, width)), reach),
      step_.From(AsSource(Elements(halo_, layout_.vectors, width)), reach)};
  for (const auto& [sums, vectors] : regions_[level - 1]) {
    const int64_t vector = vectors.offset;
    const SumsAndDifferences here = {step_.From(Of(own.a, vector), sums.offset),
                                     step_.From(Of(own.d, vector), sums.offset)};
    const SumsAndDifferences before =
        sums.offset == 0 ? SumsAndDifferences{Of(brought.a, vector), Of(brought.d, vector)} : here;
    BB_RETURN_IF_ERROR(step_.Join(vectors.count, 2 * sums.count, here, &before,
                                  step_.From(Of(Sums(level - 1), vector), 2 * sums.offset)));
  }
  return absl::OkStatus();
}

absl::Status HaloPlan::Bring(int64_t level, Parts parts) {
  if (!parts.communicate || layout_.reach == 0) return absl::OkStatus();
  Transfers transfers;
  BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
  BB_RETURN_IF_ERROR(halos_[level - 1].Start(communicator_, lent_.data(), halo_.data(), transfers));
  return transfers.Wait();
}

absl::Status HaloPlan::Others(Parts parts) {
  if (others_ == nullptr) return absl::OkStatus();
  const int64_t left = layout_.Own(layout_.cut_levels).count;
  if (layout_.backward && parts.compute)
    BB_RETURN_IF_ERROR(Pack(AsSource(Y()), 0, left, others_in_));
  BB_RETURN_IF_ERROR(Settle(device_, communicator_.size()));
  BB_RETURN_IF_ERROR(!parts.compute       ? others_->RunCommunication()
                     : !parts.communicate ? others_->RunCompute()
                                          : others_->Run());
  if (layout_.backward || !parts.compute) return absl::OkStatus();
  return Pack(AsSource(others_out_), 0, left, Y());
}

RankCost Cost(const Mixer& op, const Problem& problem, int64_t taps, int rank) {
  const Layout layout(op, problem, taps, rank);
  RankCost cost;
  if (layout.other_levels > 0) cost = MixerRankCost(op, OfOthers(layout, problem), rank);
  if (layout.cut_levels == 0) return cost;
  const int64_t held = layout.Own(0).count;
  cost.elements += layout.vectors * (2 * held + (layout.cut_levels > 1 ? held / 2 : 0) +
                                     (layout.cut_levels > 2 ? held / 4 : 0) + 2 * layout.reach);
  for (int64_t level = 1; layout.reach > 0 && level <= layout.cut_levels; ++level)
    AddTraffic(layout.HaloOf(level).DeclaredTraffic(), cost.traffic);
  return cost;
}

}  // namespace

Sharding DwtHalo(const Mixer& op, const std::vector<double>& (*filter)(const Problem&)) {
  const auto make_plan = [&op, filter](
                             const Problem& problem, Device& device,
                             Communicator& communicator) -> absl::StatusOr<std::unique_ptr<Plan>> {
    const std::vector<double>& taps = filter(problem);
    const Layout layout(op, problem, static_cast<int64_t>(taps.size()), communicator.rank());
    if (layout.cut_levels == 0)
      return MakeMixerPlan(op, OfOthers(layout, problem), device, communicator);
    auto plan = std::make_unique<HaloPlan>(layout, taps, device, communicator);
    BB_RETURN_IF_ERROR(plan->Allocate(op, problem));
    return plan;
  };
  return {"halo", make_plan, [&op, filter](const Problem& problem, int rank) {
            return Cost(op, problem, static_cast<int64_t>(filter(problem).size()), rank);
          }};
}

}  // namespace basisbench
