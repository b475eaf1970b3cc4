// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/convolution/local_convolution.h"

#include "services/base/status_macros.h"
#include "workers/operators/mixer/row_spectra.h"

namespace basisbench {
namespace {

// Spectra of a block: x or the product, dy backward and y where it is needed, and an own filter of
// each channel.
int64_t RowsPerVector(const Convolution& op, const Problem& problem) {
  return (problem.direction == "backward" ? 2 : 1) + (op.NeedsOutput(problem) ? 1 : 0) +
         (op.Geometry(problem).by_channel ? 1 : 0);
}

Blocks BlocksFor(const Convolution& op, const Problem& problem, int64_t vectors) {
  return BlocksOf(op, problem, vectors,
                  RowsPerVector(op, problem) * RowSpectra::Leading(op.Geometry(problem).length));
}

class LocalConvolution : public BlockedMixer {
 public:
  LocalConvolution(const ConvolutionGeometry& geometry, const Problem& problem, Device& device,
                   const LocalOperands& operands, const Blocks& blocks)
      : BlockedMixer(problem, device, operands, blocks),
        g_(geometry),
        shared_(!geometry.by_channel),
        normal_(1 / static_cast<double>(geometry.length)) {}

  absl::Status Allocate() {
    const Blocks one{1, 1};
    const Blocks filters = shared_ ? one : blocks_;
    const Ways of_x = backward_ && shared_ ? Ways::kThere : Ways::kBoth;
    BB_RETURN_IF_ERROR(x_.Allocate(device_, dtype_, g_.length, blocks_, of_x));
    BB_RETURN_IF_ERROR(filter_.Allocate(device_, dtype_, g_.length, filters, Ways::kThere));
    if (!backward_) return absl::OkStatus();
    if (o_.y != nullptr)
      BB_RETURN_IF_ERROR(y_.Allocate(device_, dtype_, g_.length, blocks_, Ways::kBack));
    if (shared_)
      BB_RETURN_IF_ERROR(gradient_.Allocate(device_, dtype_, g_.length, one, Ways::kBack));
    return dy_.Allocate(device_, dtype_, g_.length, blocks_);
  }

 protected:
  absl::Status Begin() override { return shared_ ? LoadFilter({0, 1}) : absl::OkStatus(); }

  absl::Status Forward(const Piece& block) override {
    if (!shared_) BB_RETURN_IF_ERROR(LoadFilter(block));
    BB_RETURN_IF_ERROR(x_.Load(block.count, g_.in, X(block)));
    BB_RETURN_IF_ERROR(x_.ToSpectra(block.count));
    BB_RETURN_IF_ERROR(x_.Times(block.count, Filter(false)));
    BB_RETURN_IF_ERROR(x_.ToRows(block.count));
    return x_.Store(block.count, g_.out, Y(block));
  }

  absl::Status Backward(const Piece& block) override {
    if (!shared_) BB_RETURN_IF_ERROR(LoadFilter(block));
    BB_RETURN_IF_ERROR(x_.Load(block.count, g_.in, X(block)));
    BB_RETURN_IF_ERROR(x_.ToSpectra(block.count));
    if (o_.y != nullptr) {
      BB_RETURN_IF_ERROR(x_.TimesInto(block.count, Filter(false), y_));
      BB_RETURN_IF_ERROR(y_.ToRows(block.count));
      BB_RETURN_IF_ERROR(y_.Store(block.count, g_.out, Y(block)));
    }
    BB_RETURN_IF_ERROR(dy_.Load(block.count, g_.out, Dy(block)));
    BB_RETURN_IF_ERROR(dy_.ToSpectra(block.count));
    if (shared_) {
      BB_RETURN_IF_ERROR(dy_.SumInto(block.count, x_, block.offset > 0, gradient_));
    } else {
      BB_RETURN_IF_ERROR(dy_.TimesInto(block.count, {&x_, -1, true, normal_}, x_));
      BB_RETURN_IF_ERROR(x_.ToRows(block.count));
      BB_RETURN_IF_ERROR(StoreGradient(block, x_, 1.0));
    }
    BB_RETURN_IF_ERROR(dy_.Times(block.count, Filter(true)));
    BB_RETURN_IF_ERROR(dy_.ToRows(block.count));
    return dy_.Store(block.count, g_.in, Dx(block));
  }

  absl::Status End() override {
    if (!backward_ || !shared_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(gradient_.ToRows(1));
    return StoreGradient({0, 1}, gradient_, normal_);
  }

 private:
  // Taps from the origin on are the first of the cyclic filter, those before it the last.
  struct Part {
    int64_t tap, place, count;
  };
  std::vector<Part> Parts() const {
    return {{g_.origin, 0, g_.taps - g_.origin}, {0, g_.length - g_.origin, g_.origin}};
  }
  int64_t TapStride() const { return shared_ ? 1 : o_.vectors; }
  int64_t TapAt(const Part& part, const Piece& block) const {
    return part.tap * TapStride() + block.offset;
  }

  RowSpectra::Factor Filter(bool conjugate) const {
    return {&filter_, shared_ ? 0 : -1, conjugate, normal_};
  }

  absl::Status LoadFilter(const Piece& block) {
    BB_RETURN_IF_ERROR(
        device_.Fill(dtype_, block.count * filter_.leading(), 0.0, filter_.place().data));
    for (const Part& part : Parts()) {
      if (part.count == 0) continue;
      const Source from{ElementAt(dtype_, o_.weights[0], TapAt(part, block)), 1, TapStride()};
      Target to = filter_.place();
      to.data = ElementAt(dtype_, to.data, part.place);
      BB_RETURN_IF_ERROR(CopyRows(device_, dtype_, block.count, part.count, from, to));
    }
    return filter_.ToSpectra(block.count);
  }

  absl::Status StoreGradient(const Piece& block, const RowSpectra& rows, double scale) {
    for (const Part& part : Parts()) {
      ProductArgs args{.dtype = dtype_, .rows = block.count, .cols = part.count, .alpha = scale};
      args.x = ElementAt(dtype_, rows.values().data, part.place);
      args.x_row_stride = rows.leading();
      args.y = ElementAt(dtype_, o_.gradients[0], TapAt(part, block));
      args.y_row_stride = 1;
      args.y_col_stride = TapStride();
      BB_RETURN_IF_ERROR(shared_ ? device_.Product(args) : ProductAlongY(device_, args));
    }
    return absl::OkStatus();
  }

  const ConvolutionGeometry g_;
  const bool shared_;    // one filter for all vectors
  const double normal_;  // of a transform there and back
  RowSpectra x_, y_, dy_, filter_, gradient_;
};

}  // namespace

int64_t LocalConvolutionElements(const Convolution& op, const Problem& problem, int64_t vectors) {
  if (vectors == 0) return 0;
  const ConvolutionGeometry geometry = op.Geometry(problem);
  const int64_t shared = geometry.by_channel ? 0 : problem.direction == "backward" ? 2 : 1;
  const int64_t rows = BlocksFor(op, problem, vectors).size * RowsPerVector(op, problem) + shared;
  return rows * RowSpectra::Leading(geometry.length);
}

absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocalConvolution(const Convolution& op,
                                                                 const Problem& problem,
                                                                 Device& device,
                                                                 const LocalOperands& operands) {
  auto local = std::make_unique<LocalConvolution>(op.Geometry(problem), problem, device, operands,
                                                  BlocksFor(op, problem, operands.vectors));
  BB_RETURN_IF_ERROR(local->Allocate());
  return local;
}

}  // namespace basisbench
