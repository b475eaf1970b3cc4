// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/tiled_mixer.h"

#include <algorithm>
#include <utility>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// All buffers of a tile together; more would fall out of a level-2 cache.
constexpr int64_t kTileBytes = int64_t{1} << 20;
// Vectors of a tile: whole tiles of registers in every instruction set and dtype; of long vectors
// one register has to do.
constexpr int64_t kUnit = 48, kFewest = 16;
constexpr int64_t kMostVectors = 4 * kUnit;

class LocalTiles : public LocalMixer {
 public:
  LocalTiles(const Problem& problem, Device& device, const LocalOperands& operands, int64_t in,
             int64_t out, int64_t width)
      : dtype_(problem.dtype),
        backward_(problem.direction == "backward"),
        device_(device),
        o_(operands),
        in_(in),
        out_(out),
        width_(width) {}

  absl::Status Allocate(int64_t scratch_per_vector) {
    BB_RETURN_IF_ERROR(Take(in_ * width_, x_));
    BB_RETURN_IF_ERROR(Take(out_ * width_, y_));
    BB_RETURN_IF_ERROR(Take(backward_ ? in_ * width_ : 0, dx_));
    return Take(scratch_per_vector * width_, scratch_);
  }
  void Use(std::unique_ptr<TileKernel> kernel) { kernel_ = std::move(kernel); }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(kernel_->Begin());
    for (int64_t first = 0; first < o_.vectors; first += width_) {
      const int64_t vectors = std::min(width_, o_.vectors - first);
      BB_RETURN_IF_ERROR(backward_ ? Backward(first, vectors) : Forward(first, vectors));
    }
    return kernel_->End();
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(dtype_)));
    return absl::OkStatus();
  }

  absl::Status Forward(int64_t first, int64_t vectors) {
    BB_RETURN_IF_ERROR(BringX(first, vectors));
    BB_RETURN_IF_ERROR(kernel_->Forward({.vectors = vectors,
                                         .first = first == 0,
                                         .x = x_.data(),
                                         .y = y_.data(),
                                         .scratch = scratch_.data()}));
    return PutBack(y_, out_, first, vectors, o_.y, o_.y_vector, o_.y_element);
  }

  absl::Status Backward(int64_t first, int64_t vectors) {
    if (o_.x != nullptr) BB_RETURN_IF_ERROR(BringX(first, vectors));
    BB_RETURN_IF_ERROR(Bring(o_.dy, o_.y_vector, o_.y_element, first, vectors, out_, y_));
    BB_RETURN_IF_ERROR(kernel_->Backward({.vectors = vectors,
                                          .first = first == 0,
                                          .x = x_.data(),
                                          .dy = y_.data(),
                                          .dx = dx_.data(),
                                          .scratch = scratch_.data()}));
    return PutBack(dx_, in_, first, vectors, o_.dx, o_.x_vector, o_.x_element);
  }

  absl::Status BringX(int64_t first, int64_t vectors) {
    return Bring(o_.x, o_.x_vector, o_.x_element, first, vectors, in_, x_);
  }

  absl::Status Bring(const void* from, int64_t vector_stride, int64_t element_stride, int64_t first,
                     int64_t vectors, int64_t elements, Buffer& tile) {
    CopyArgs args{.dtype = dtype_, .rows = elements, .cols = vectors};
    args.from = static_cast<const std::byte*>(from) + first * vector_stride * DtypeSize(dtype_);
    args.from_row_stride = element_stride;
    args.from_col_stride = vector_stride;
    args.to = tile.data();
    args.to_row_stride = vectors;
    return device_.Copy(args);
  }

  absl::Status PutBack(Buffer& tile, int64_t elements, int64_t first, int64_t vectors, void* to,
                       int64_t vector_stride, int64_t element_stride) {
    CopyArgs args{.dtype = dtype_, .rows = elements, .cols = vectors};
    args.from = tile.data();
    args.from_row_stride = vectors;
    args.to = static_cast<std::byte*>(to) + first * vector_stride * DtypeSize(dtype_);
    args.to_row_stride = element_stride;
    args.to_col_stride = vector_stride;
    args.pass_bytes = o_.vectors * (in_ + out_) * DtypeSize(dtype_);
    return device_.Copy(args);
  }

  const Dtype dtype_;
  const bool backward_;
  Device& device_;
  const LocalOperands o_;
  const int64_t in_, out_, width_;
  Buffer x_, y_, dx_;  // y_ is dy backward
  Buffer scratch_;
  std::unique_ptr<TileKernel> kernel_;
};

}  // namespace

int64_t TileVectors(Dtype dtype, int64_t vectors, int64_t elements) {
  const int64_t fits = kTileBytes / (elements * DtypeSize(dtype));
  return std::min(std::clamp(fits / kUnit * kUnit, kFewest, kMostVectors), vectors);
}

bool TiledMixer::MixesTokens(const Problem& problem) const {
  const auto axis = problem.parameters.find("axis");
  return axis != problem.parameters.end() && axis->second == "token";
}

int64_t TiledMixer::TileElements(const Problem& problem) const {
  const int64_t in = InputLength(problem), out = OutputLength(problem);
  return in + out + (problem.direction == "backward" ? in : 0) + ScratchPerVector(problem);
}

int64_t TiledMixer::TileWidth(const Problem& problem, int64_t vectors) const {
  return TileVectors(problem.dtype, vectors, TileElements(problem));
}

int64_t TiledMixer::Workspace(const Problem& problem, int64_t vectors) const {
  if (vectors == 0) return 0;
  return TileWidth(problem, vectors) * TileElements(problem) + KernelElements(problem);
}

absl::StatusOr<std::unique_ptr<LocalMixer>> TiledMixer::MakeLocal(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  auto tiles =
      std::make_unique<LocalTiles>(problem, device, operands, InputLength(problem),
                                   OutputLength(problem), TileWidth(problem, operands.vectors));
  BB_RETURN_IF_ERROR(tiles->Allocate(ScratchPerVector(problem)));
  BB_ASSIGN_OR_RETURN(auto kernel, MakeKernel(problem, device, operands));
  tiles->Use(std::move(kernel));
  return tiles;
}

}  // namespace basisbench
