// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stl/stl_plan.h"

#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"
#include "workers/operators/stl/tiled_product.h"

namespace basisbench {
namespace {

// A part of `size` cut at the borders of tiles.
Piece CutAtTiles(int64_t size, int64_t tile, int ranks, int rank) {
  const Piece tiles = PartOf((size + tile - 1) / tile, ranks, rank);
  const int64_t first = std::min(size, tiles.offset * tile);
  return {first, std::min(size, (tiles.offset + tiles.count) * tile) - first};
}

struct StlLayout {
  StlLayout(const Problem& problem, int rank)
      : tile(IntegerParameter(problem, "tile")),
        by_columns(problem.sharding == "column"),
        backward(problem.direction == "backward"),
        encoded(IntegerParameter(problem, "encoded") == 1),
        rows(CutAtTiles(problem.shape.tokens, tile, problem.ranks, rank)),
        cols(by_columns ? CutAtTiles(problem.shape.d_out, tile, problem.ranks, rank)
                        : Piece{0, problem.shape.d_out}),
        whole_weight(StlWeight(problem)),
        weight_cols(encoded ? Piece{cols.offset / tile, (cols.count + tile - 1) / tile} : cols),
        product_rows(by_columns ? Piece{0, problem.shape.tokens} : rows) {
    for (int of = 0; of < problem.ranks; ++of) {
      const Piece part = CutAtTiles(problem.shape.tokens, tile, problem.ranks, of);
      x_pieces.push_back({part.offset * problem.shape.d_in, part.count * problem.shape.d_in});
    }
    sizes = {product_rows.count, problem.shape.d_in, cols.count, encoded, backward};
  }
  int64_t WeightElements() const { return whole_weight.rows * weight_cols.count; }
  bool Computes() const { return product_rows.count > 0 && cols.count > 0; }

  int64_t tile;
  bool by_columns, backward, encoded;
  Piece rows, cols;  // of X held; of Y, and of W unless it is encoded
  TensorShape whole_weight;
  Piece weight_cols;
  Piece product_rows;           // that this rank multiplies
  std::vector<Piece> x_pieces;  // of X on every rank, in elements
  TileSizes sizes;
};

class StlPlan : public Plan {
 public:
  StlPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        layout_(problem, communicator.rank()),
        device_(device),
        communicator_(communicator),
        product_(device, problem.dtype, EncodersOf(problem), layout_.sizes) {}

  absl::Status Allocate() {
    const int64_t x = layout_.product_rows.count * problem_.shape.d_in;
    BB_RETURN_IF_ERROR(Take(x, x_));
    BB_RETURN_IF_ERROR(Take(layout_.WeightElements(), w_));
    BB_RETURN_IF_ERROR(Take(layout_.product_rows.count * layout_.cols.count, y_));
    BB_RETURN_IF_ERROR(Take(layout_.backward ? x : 0, dx_));
    BB_RETURN_IF_ERROR(Take(layout_.backward ? layout_.WeightElements() : 0, dw_));
    return layout_.Computes() ? product_.Allocate() : absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {OfX("x", x_), OfWeight("w", w_)};
    if (layout_.backward) inputs.push_back(OfY("dy"));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (!layout_.backward) return {OfY("y")};
    return {OfX("dx", dx_), OfWeight("dw", dw_)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard OfX(const char* tensor, Buffer& buffer) const {
    const int64_t width = problem_.shape.d_in;
    const int64_t first = layout_.rows.offset - layout_.product_rows.offset;
    return {
        tensor, problem_.dtype,          buffer.data() + first * width * DtypeSize(problem_.dtype),
        width,  IndicesOf(layout_.rows), IndicesOf({0, width})};
  }
  Shard OfWeight(const char* tensor, Buffer& buffer) const {
    return {tensor,
            problem_.dtype,
            buffer.data(),
            layout_.weight_cols.count,
            IndicesOf({0, layout_.whole_weight.rows}),
            IndicesOf(layout_.weight_cols)};
  }
  Shard OfY(const char* tensor) {
    return {tensor,
            problem_.dtype,
            y_.data(),
            layout_.cols.count,
            IndicesOf(layout_.product_rows),
            IndicesOf(layout_.cols)};
  }

  absl::Status Iterate(Parts parts) {
    const bool communicate = parts.communicate && problem_.ranks > 1;
    if (communicate && layout_.by_columns)
      BB_RETURN_IF_ERROR(communicator_.AllGather(problem_.dtype, x_.data(), layout_.x_pieces));
    if (parts.compute) BB_RETURN_IF_ERROR(Multiply());
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
    if (!communicate || !layout_.backward) return absl::OkStatus();
    if (layout_.by_columns)
      return communicator_.ReduceScatter(problem_.dtype, dx_.data(), layout_.x_pieces);
    return communicator_.AllReduce(problem_.dtype, dw_.data(), layout_.WeightElements());
  }

  absl::Status Multiply() {
    if (!layout_.Computes()) {
      // Nothing of its own to add to the gradients, and the last sums are still there.
      if (!layout_.backward) return absl::OkStatus();
      BB_RETURN_IF_ERROR(device_.Fill(
          problem_.dtype, layout_.product_rows.count * problem_.shape.d_in, 0, dx_.data()));
      return device_.Fill(problem_.dtype, layout_.WeightElements(), 0, dw_.data());
    }
    TileOperands operands{.x = x_.data(), .x_leading = problem_.shape.d_in, .w = w_.data()};
    operands.y = y_.data(), operands.dy = y_.data(), operands.y_leading = layout_.cols.count;
    operands.dx = dx_.data(), operands.dw = dw_.data();
    return layout_.backward ? product_.Backward(operands) : product_.Forward(operands);
  }

  const Problem problem_;
  const StlLayout layout_;
  Device& device_;
  Communicator& communicator_;
  TiledProduct product_;
  Buffer x_, w_, y_, dx_, dw_;  // y_ is dY backward
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<StlPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const StlLayout layout(problem, rank);
  const int64_t x = layout.product_rows.count * problem.shape.d_in;
  RankCost cost{(layout.backward ? 2 : 1) * (x + layout.WeightElements()) +
                layout.product_rows.count * layout.cols.count};
  if (layout.Computes())
    cost.elements += TiledProduct::Workspace(EncodersOf(problem), layout.sizes);
  if (problem.ranks == 1) return cost;
  if (layout.by_columns) {
    cost.traffic = AllGatherTraffic(problem.dtype, layout.x_pieces, rank);
    if (layout.backward)
      AddTraffic(ReduceScatterTraffic(problem.dtype, layout.x_pieces, rank), cost.traffic);
  } else if (layout.backward) {
    cost.traffic = AllReduceTraffic(problem.dtype, layout.WeightElements(), rank, problem.ranks);
  }
  return cost;
}

}  // namespace

TensorShape StlWeight(const Problem& problem) {
  const auto [tokens, d_in, d_out] = problem.shape;
  if (IntegerParameter(problem, "encoded") == 0) return {"w", d_in, d_out};
  const int64_t t = IntegerParameter(problem, "tile");
  return {"w", IntegerParameter(problem, "rank") * ((d_in + t - 1) / t), (d_out + t - 1) / t};
}

double StlFlops(const Problem& problem) {
  double flops = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    const StlLayout layout(problem, rank);
    if (layout.Computes()) flops += TiledProduct::Flops(EncodersOf(problem), layout.sizes);
  }
  return flops;
}

const std::vector<Sharding>& StlShardings() {
  static const auto& shardings =
      *new std::vector<Sharding>{{"token", MakePlan, Cost}, {"column", MakePlan, Cost}};
  return shardings;
}

}  // namespace basisbench
