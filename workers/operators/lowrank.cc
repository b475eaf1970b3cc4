// SPDX-License-Identifier: Apache-2.0
// A product of two thin factors, Y = (X U) V: every map of rank at most r, and nothing else.
//   FLOPs 2 N r (K + M). Parameters r (K + M), degrees of freedom r (K + M - r).
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

struct Sizes {
  explicit Sizes(const Problem& problem)
      : in(problem.shape.d_in), out(problem.shape.d_out), rank(IntegerParameter(problem, "rank")) {}
  int64_t in, out, rank;
};

class LocalLowRank : public LocalMixer {
 public:
  LocalLowRank(const Problem& problem, Device& device, const LocalOperands& operands)
      : problem_(problem), device_(device), sizes_(problem), o_(operands) {}

  absl::Status Allocate() {
    const int64_t bytes = o_.vectors * sizes_.rank * DtypeSize(problem_.dtype);
    BB_ASSIGN_OR_RETURN(z_, device_.Allocate(bytes));
    if (problem_.direction == "forward") return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(dz_, device_.Allocate(bytes));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(Multiply(o_.x, sizes_.in, o_.weights[0], sizes_.rank, z_.data()));
    if (problem_.direction == "forward")
      return Multiply(z_.data(), sizes_.rank, o_.weights[1], sizes_.out, o_.y);
    BB_RETURN_IF_ERROR(Adjoint(o_.dy, sizes_.out, o_.weights[1], sizes_.rank, dz_.data()));
    BB_RETURN_IF_ERROR(Adjoint(dz_.data(), sizes_.rank, o_.weights[0], sizes_.in, o_.dx));
    BB_RETURN_IF_ERROR(Outer(o_.x, sizes_.in, dz_.data(), sizes_.rank, o_.gradients[0]));
    return Outer(z_.data(), sizes_.rank, o_.dy, sizes_.out, o_.gradients[1]);
  }

 private:
  // c = a w, for the vectors; w is from x to.
  absl::Status Multiply(const void* a, int64_t from, const void* w, int64_t to, void* c) {
    GemmArgs args{.dtype = problem_.dtype, .m = o_.vectors, .n = to, .k = from};
    args.a = a, args.lda = from, args.b = w, args.ldb = to, args.c = c, args.ldc = to;
    return device_.Gemm(args);
  }
  // c = a w^T; w is to x from.
  absl::Status Adjoint(const void* a, int64_t from, const void* w, int64_t to, void* c) {
    GemmArgs args{.dtype = problem_.dtype, .transpose_b = Transpose::kYes};
    args.m = o_.vectors, args.n = to, args.k = from;
    args.a = a, args.lda = from, args.b = w, args.ldb = from, args.c = c, args.ldc = to;
    return device_.Gemm(args);
  }
  // c = a^T b, summed over the vectors.
  absl::Status Outer(const void* a, int64_t rows, const void* b, int64_t cols, void* c) {
    GemmArgs args{.dtype = problem_.dtype, .transpose_a = Transpose::kYes};
    args.m = rows, args.n = cols, args.k = o_.vectors;
    args.a = a, args.lda = rows, args.b = b, args.ldb = cols, args.c = c, args.ldc = cols;
    return device_.Gemm(args);
  }

  const Problem problem_;
  Device& device_;
  const Sizes sizes_;
  const LocalOperands o_;
  Buffer z_, dz_;
};

// M[i,j] = sum_r U[i,r] V[r,j].
class LowRankMap : public ReferenceMap {
 public:
  LowRankMap(const Problem& problem, const ReferenceWeights& weights)
      : sizes_(problem), u_(weights.at("u")), v_(weights.at("v")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    std::fill(outputs.begin(), outputs.end(), 0.0);
    for (int64_t r = 0; r < sizes_.rank; ++r) {
      const double u = u_[input * sizes_.rank + r];
      for (int64_t j = 0; j < sizes_.out; ++j) outputs[j] += u * v_[r * sizes_.out + j];
    }
  }

 private:
  const Sizes sizes_;
  const std::vector<double> u_, v_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "lowrank";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = (X U) V, U in R^{K x r}, V in R^{r x M}";
  description.source = "definition; best approximation: Eckart and Young, 1936";
  description.flops_formula = "2 N r (K + M)";
  description.parameters = {
      {"rank", "columns of U; the default is sqrt(min(K, M)), rounded down", "", 1, 1 << 20}};
  return description;
}

class LowRank : public Mixer {
 public:
  LowRank() : Mixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    const int64_t smaller = std::min(problem.shape.d_in, problem.shape.d_out);
    DefaultParameter(problem, "rank", static_cast<int64_t>(std::sqrt(smaller)));
    const int64_t rank = IntegerParameter(problem, "rank");
    if (rank <= smaller) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("lowrank: rank ", rank, " is above the smaller of d_in and d_out, ", smaller));
  }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const Sizes sizes(problem);
    return {{"u", sizes.in, sizes.rank, 1 / std::sqrt(static_cast<double>(sizes.in))},
            {"v", sizes.rank, sizes.out, 1 / std::sqrt(static_cast<double>(sizes.rank))}};
  }
  double FlopsPerVector(const Problem& problem) const override {
    const Sizes sizes(problem);
    return 2.0 * static_cast<double>(sizes.rank) * static_cast<double>(sizes.in + sizes.out);
  }
  // Z = X U is not kept from the forward direction: it is made again.
  double BackwardFlopsPerVector(const Problem& problem) const override {
    const Sizes sizes(problem);
    return 2 * FlopsPerVector(problem) + 2.0 * static_cast<double>(sizes.rank * sizes.in);
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    return vectors * Sizes(problem).rank * (problem.direction == "forward" ? 1 : 2);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    auto local = std::make_unique<LocalLowRank>(problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<LowRankMap>(problem, weights);
  }
  double ForwardRoundings(const Problem& problem) const override {
    const Sizes sizes(problem);
    return static_cast<double>(sizes.in + sizes.rank);
  }
};

const RegisterOperator kRegister(std::make_unique<LowRank>());

}  // namespace
}  // namespace basisbench
