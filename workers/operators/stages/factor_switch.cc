// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stages/factor_switch.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/blocked_mixer.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

using Step = FactorSwitch::Step;

// Scratch: what a step takes or makes besides its tile, then the step's own.
class FactorSwitchKernel : public SwitchKernel {
 public:
  FactorSwitchKernel(const FactorSwitch& map, Dtype dtype, Device& device, const SwitchParts& parts,
                     const LocalOperands& weights)
      : cut_(map.cut()),
        parts_(parts),
        dtype_(dtype),
        device_(device),
        in_(map.OwnElements(Step::kFirst, parts)),
        out_(map.OwnElements(Step::kSecond, parts)),
        first_(map.MakeStep(Step::kFirst, dtype, device, parts, weights)),
        second_(map.MakeStep(Step::kSecond, dtype, device, parts, weights)) {}

  absl::Status First(const SwitchTile& tile) override {
    BB_RETURN_IF_ERROR(Apply(first_, tile.vectors, in_, tile.x, tile.scratch, After(tile, in_)));
    return Part(Step::kFirst, tile.vectors, tile.scratch, tile.z);
  }
  absl::Status Second(const SwitchTile& tile) override {
    BB_RETURN_IF_ERROR(PutTogether(Step::kSecond, tile.vectors, tile.z, tile.scratch));
    return Apply(second_, tile.vectors, out_, tile.scratch, tile.y, After(tile, out_));
  }
  absl::Status SecondAdjoint(const SwitchTile& tile) override {
    std::byte* dz = After(tile, out_);
    BB_RETURN_IF_ERROR(PutTogether(Step::kSecond, tile.vectors, tile.z, tile.scratch));
    BB_RETURN_IF_ERROR(Adjoint(second_, out_,
                               {.vectors = tile.vectors,
                                .x = tile.scratch,
                                .dy = tile.dy,
                                .dx = dz,
                                .scratch = After(tile, 2 * out_)}));
    return Part(Step::kSecond, tile.vectors, dz, tile.dz);
  }
  absl::Status FirstAdjoint(const SwitchTile& tile) override {
    BB_RETURN_IF_ERROR(PutTogether(Step::kFirst, tile.vectors, tile.dz, tile.scratch));
    return Adjoint(first_, in_,
                   {.vectors = tile.vectors,
                    .x = tile.x,
                    .dy = tile.scratch,
                    .dx = tile.dx,
                    .scratch = After(tile, in_)});
  }

 private:
  std::byte* After(const SwitchTile& tile, int64_t elements) const {
    return tile.scratch + elements * tile.vectors * DtypeSize(dtype_);
  }
  absl::Status CopyTile(int64_t vectors, int64_t elements, const void* from, void* to) const {
    return CopyRows(device_, dtype_, elements, vectors, {from, vectors}, {to, vectors});
  }
  absl::Status Apply(const std::unique_ptr<TileKernel>& step, int64_t vectors, int64_t elements,
                     std::byte* x, std::byte* y, std::byte* scratch) const {
    if (step == nullptr) return CopyTile(vectors, elements, x, y);
    return step->Forward({.vectors = vectors, .x = x, .y = y, .scratch = scratch});
  }
  absl::Status Adjoint(const std::unique_ptr<TileKernel>& step, int64_t elements,
                       const Tile& tile) const {
    if (step == nullptr) return CopyTile(tile.vectors, elements, tile.dy, tile.dx);
    return step->Backward(tile);
  }

  // A tile of the first step is [own blocks][places][vectors], of the second [blocks][own places]
  // [vectors]; a peer has some of the places, or of the blocks.
  struct Place {
    int64_t rows, cols, at, leading;
  };
  Place Of(Step step, size_t peer, int64_t vectors) const {
    const Piece &in = parts_.in[peer], &out = parts_.out[peer];
    const int64_t place = cut_.width * vectors, own_places = parts_.own_out().count * place;
    if (step == Step::kSecond) return {in.count, own_places, in.offset * own_places, own_places};
    return {parts_.own_in().count, out.count * place, out.offset * place, cut_.places * place};
  }
  absl::Status Part(Step step, int64_t vectors, const std::byte* tile,
                    absl::Span<std::byte* const> to) const {
    for (size_t peer = 0; peer < to.size(); ++peer) {
      const Place p = Of(step, peer, vectors);
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, p.rows, p.cols,
                                  {ElementAt(dtype_, tile, p.at), p.leading}, {to[peer], p.cols}));
    }
    return absl::OkStatus();
  }
  absl::Status PutTogether(Step step, int64_t vectors, absl::Span<std::byte* const> from,
                           std::byte* tile) const {
    for (size_t peer = 0; peer < from.size(); ++peer) {
      const Place p = Of(step, peer, vectors);
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, p.rows, p.cols, {from[peer], p.cols},
                                  {ElementAt(dtype_, tile, p.at), p.leading}));
    }
    return absl::OkStatus();
  }

  const FactorCut cut_;
  const SwitchParts parts_;
  const Dtype dtype_;
  Device& device_;
  const int64_t in_, out_;
  const std::unique_ptr<TileKernel> first_, second_;
};

}  // namespace

FactorCut CutFactors(int64_t n, int64_t width, const std::vector<int64_t>& sizes) {
  FactorCut cut{.blocks = n / width, .width = width};
  for (const int64_t size : sizes) {
    if (cut.places >= cut.blocks) break;
    ++cut.factors;
    cut.places *= size;
    cut.blocks /= size;
  }
  return cut;
}

std::vector<int64_t> FactorSwitch::Inputs(const Piece& digits) const {
  const int64_t block = cut_.places * cut_.width;
  return IndicesOf({digits.offset * block, digits.count * block});
}

std::vector<int64_t> FactorSwitch::Outputs(const Piece& digits) const {
  std::vector<int64_t> elements;
  for (int64_t block = 0; block < cut_.blocks; ++block) {
    const int64_t first = (block * cut_.places + digits.offset) * cut_.width;
    for (int64_t i = 0; i < digits.count * cut_.width; ++i) elements.push_back(first + i);
  }
  return elements;
}

int64_t FactorSwitch::ScratchPerVector(const SwitchParts& parts, bool backward) const {
  const int64_t of_second = OwnElements(Step::kSecond, parts);
  return std::max(OwnElements(Step::kFirst, parts) + StepScratch(Step::kFirst, parts, backward),
                  (backward ? 2 : 1) * of_second + StepScratch(Step::kSecond, parts, backward));
}

std::unique_ptr<SwitchKernel> FactorSwitch::MakeKernel(Dtype dtype, Device& device,
                                                       const SwitchParts& parts,
                                                       std::vector<const void*> weights,
                                                       std::vector<void*> gradients) const {
  LocalOperands operands;
  operands.weights = std::move(weights);
  operands.gradients = std::move(gradients);
  return std::make_unique<FactorSwitchKernel>(*this, dtype, device, parts, operands);
}

}  // namespace basisbench
