// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/blockdiag/blockdiag.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/factoring.h"
#include "workers/operators/mixer/gemm_loops.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

struct Sizes {
  Sizes(const Mixer& mixer, const Problem& problem)
      : blocks(IntegerParameter(problem, "blocks")),
        in(mixer.InputLength(problem) / blocks),
        out(mixer.OutputLength(problem) / blocks) {}
  int64_t blocks, in, out;
};

class BlockDiagKernel : public TileKernel {
 public:
  BlockDiagKernel(const Sizes& sizes, Dtype dtype, Device& device, const LocalOperands& operands)
      : s_(sizes),
        dtype_(dtype),
        device_(device),
        w_(operands.weights[0]),
        dw_(operands.gradients[0]) {}

  absl::Status Forward(const Tile& tile) override {
    GemmArgs args{.dtype = dtype_, .m = s_.out, .n = tile.vectors, .k = s_.in};
    args.a = w_, args.lda = s_.in;
    args.b = tile.x, args.ldb = tile.vectors;
    args.c = tile.y, args.ldc = tile.vectors;
    return GemmOver(device_, args,
                    {Loop{s_.blocks, s_.out * s_.in, s_.in * tile.vectors, s_.out * tile.vectors}});
  }

  absl::Status Backward(const Tile& tile) override {
    GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
    args.m = s_.in, args.n = tile.vectors, args.k = s_.out;
    args.a = w_, args.lda = s_.in;
    args.b = tile.dy, args.ldb = tile.vectors;
    args.c = tile.dx, args.ldc = tile.vectors;
    BB_RETURN_IF_ERROR(
        GemmOver(device_, args,
                 {Loop{s_.blocks, s_.out * s_.in, s_.out * tile.vectors, s_.in * tile.vectors}}));
    GemmArgs outer{.dtype = dtype_, .transpose_b = Transpose::kYes};
    outer.m = s_.out, outer.n = s_.in, outer.k = tile.vectors;
    outer.a = tile.dy, outer.lda = tile.vectors;
    outer.b = tile.x, outer.ldb = tile.vectors;
    outer.beta = tile.first ? 0.0 : 1.0;
    outer.c = dw_, outer.ldc = s_.in;
    return GemmOver(device_, outer,
                    {Loop{s_.blocks, s_.out * tile.vectors, s_.in * tile.vectors, s_.out * s_.in}});
  }

 private:
  const Sizes s_;
  const Dtype dtype_;
  Device& device_;
  const void* w_;
  void* dw_;
};

// Input i of block b reaches the outputs of block b.
class BlockDiagMap : public ReferenceMap {
 public:
  BlockDiagMap(const Sizes& sizes, const ReferenceWeights& weights)
      : s_(sizes), w_(weights.at("w")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    std::fill(outputs.begin(), outputs.end(), 0.0);
    const int64_t first = input / s_.in * s_.out;
    for (int64_t j = first; j < first + s_.out; ++j) outputs[j] = w_[j * s_.in + input % s_.in];
  }

 private:
  const Sizes s_;
  const std::vector<double> w_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "blockdiag";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y[b,j] = sum_i W[b;j,i] X[b,i]";
  description.source = "definition; grouped linear layers";
  description.flops_formula = "2 N K M / blocks";
  description.parameters = {
      {"blocks", "blocks; divides K and M; default: the common divisor nearest sqrt(gcd(K, M))", "",
       1, 1 << 20},
      AxisParameter()};
  return description;
}

}  // namespace

BlockDiag::BlockDiag() : TiledMixer(Describe(), {BlockDiagBlocks()}) {}

absl::Status BlockDiag::ResolveMixer(Problem& problem) const {
  BB_RETURN_IF_ERROR(CheckAxis(problem));
  return CutEvenly(problem, "blocks", std::gcd(InputLength(problem), OutputLength(problem)));
}

std::vector<Weight> BlockDiag::Weights(const Problem& problem) const {
  const Sizes s(*this, problem);
  return {{"w", s.blocks * s.out, s.in, 1 / std::sqrt(static_cast<double>(s.in))}};
}

double BlockDiag::FlopsPerVector(const Problem& problem) const {
  const Sizes s(*this, problem);
  return 2.0 * static_cast<double>(s.blocks * s.in) * static_cast<double>(s.out);
}

absl::StatusOr<std::unique_ptr<TileKernel>> BlockDiag::MakeKernel(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  return std::make_unique<BlockDiagKernel>(Sizes(*this, problem), problem.dtype, device, operands);
}

std::unique_ptr<ReferenceMap> BlockDiag::MakeReference(const Problem& problem,
                                                       const ReferenceWeights& weights) const {
  return std::make_unique<BlockDiagMap>(Sizes(*this, problem), weights);
}

double BlockDiag::ForwardRoundings(const Problem& problem) const {
  return static_cast<double>(Sizes(*this, problem).in);
}

absl::StatusOr<double> BlockDiag::IntegerBound(const Problem& problem) const {
  return 4.0 * static_cast<double>(Sizes(*this, problem).in);
}

namespace {

const RegisterOperator kRegister(std::make_unique<BlockDiag>());

}  // namespace
}  // namespace basisbench
