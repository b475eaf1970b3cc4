// SPDX-License-Identifier: Apache-2.0
// Two of every four: a dense map whose weights, in each group of four consecutive inputs of an
// output, are zero but for two. Which two is fixed by `seed`, as after pruning; the values are the
// parameters.
//   FLOPs 2 N K M / 2 = N K M that matter, and that units for such weights would execute. Here the
//   weights are spread out in every run and multiplied as a dense matrix, which executes 2 N K M.
//   Backward twice that: the gradient of the whole matrix is made and the kept places of it read.
//   Parameters K M / 2.
// Weights as a matrix: rows outputs, columns the kept inputs in their order.
// Mishra et al., "Accelerating sparse deep neural networks" (arXiv 2104.08378, 2021).
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/input_values.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/constants.h"
#include "workers/operators/mixer/mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr int64_t kGroup = 4, kKept = 2;

struct Sizes {
  int64_t in = 0, out = 0;

  int64_t kept() const { return in / kGroup * kKept; }  // weights of an output
  int64_t whole() const { return in * out; }
  int64_t values() const { return kept() * out; }
};

// The input of each weight: one of the six pairs for each group.
std::vector<int32_t> KeptInputs(const Sizes& s, int64_t seed) {
  constexpr std::array<std::array<int32_t, kKept>, 6> kPairs = {
      {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}};
  const TensorValues uniform(static_cast<uint64_t>(seed), "pattern", Distribution::kUniform);
  std::vector<double> row(static_cast<size_t>(s.in / kGroup));
  std::vector<int32_t> inputs;
  inputs.reserve(static_cast<size_t>(s.values()));
  for (int64_t j = 0; j < s.out; ++j) {
    uniform.Row(j, 0, absl::MakeSpan(row));
    for (size_t group = 0; group < row.size(); ++group) {
      const double at = (row[group] + 1) / 2 * static_cast<double>(kPairs.size());
      for (const int32_t place : kPairs[std::min(static_cast<size_t>(at), kPairs.size() - 1)])
        inputs.push_back(static_cast<int32_t>(group) * static_cast<int32_t>(kGroup) + place);
    }
  }
  return inputs;
}

class LocalSparse : public LocalMixer {
 public:
  LocalSparse(const Sizes& sizes, const Problem& problem, Device& device,
              const LocalOperands& operands)
      : s_(sizes),
        backward_(problem.direction == "backward"),
        side_by_side_(AlongTokens(problem)),
        dtype_(problem.dtype),
        device_(device),
        o_(operands) {}

  absl::Status Allocate(const std::vector<int32_t>& inputs) {
    // Where each weight is in the whole matrix, and each element of that among the weights, which
    // a zero follows.
    std::vector<int32_t> places(inputs.size());
    std::vector<int32_t> weights(static_cast<size_t>(s_.whole()),
                                 static_cast<int32_t>(s_.values()));
    for (size_t i = 0; i < inputs.size(); ++i) {
      const int64_t output = static_cast<int64_t>(i) / s_.kept();
      places[i] = static_cast<int32_t>(output * s_.in + inputs[i]);
      weights[places[i]] = static_cast<int32_t>(i);
    }
    BB_ASSIGN_OR_RETURN(weight_of_, MakeIndices(device_, weights));
    BB_RETURN_IF_ERROR(Take(s_.values() + 1, values_));
    BB_RETURN_IF_ERROR(Take(s_.whole(), matrix_));
    if (!backward_) return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(place_of_, MakeIndices(device_, places));
    return Take(s_.whole(), gradient_);
  }

  static int64_t Elements(const Sizes& s, const Problem& problem) {
    const int64_t forward = IndexElements(problem.dtype, s.whole()) + s.values() + 1 + s.whole();
    if (problem.direction == "forward") return forward;
    return forward + IndexElements(problem.dtype, s.values()) + s.whole();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(Spread());
    if (!backward_) return Mix(o_.x, Transpose::kNo, o_.y);
    BB_RETURN_IF_ERROR(Mix(o_.dy, Transpose::kYes, o_.dx));
    BB_RETURN_IF_ERROR(Outer());
    return Gather(s_.values(), place_of_, gradient_.data(), o_.gradients[0]);
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(dtype_)));
    return absl::OkStatus();
  }

  absl::Status Gather(int64_t count, const Buffer& index, const void* from, void* to) {
    GatherArgs args{.dtype = dtype_, .rows = 1, .cols = count};
    args.index = index.as<int32_t>();
    args.x = from;
    args.y = to;
    return device_.Gather(args);
  }

  // The matrix, outputs by inputs.
  absl::Status Spread() {
    CopyArgs args{.dtype = dtype_, .rows = 1, .cols = s_.values()};
    args.from = o_.weights[0];
    args.to = values_.data();
    BB_RETURN_IF_ERROR(device_.Copy(args));
    return Gather(s_.whole(), weight_of_, values_.data(), matrix_.data());
  }

  // to = W from, or with the adjoint W^T from, for each vector.
  absl::Status Mix(const void* from, Transpose adjoint, void* to) {
    const bool transposed = adjoint == Transpose::kYes;
    const int64_t in = transposed ? s_.out : s_.in, out = transposed ? s_.in : s_.out;
    GemmArgs args{.dtype = dtype_};
    args.k = in, args.c = to;
    if (side_by_side_) {
      args.transpose_a = adjoint;
      args.m = out, args.n = o_.vectors;
      args.a = matrix_.data(), args.lda = s_.in;
      args.b = from, args.ldb = args.ldc = o_.vectors;
    } else {
      args.transpose_b = transposed ? Transpose::kNo : Transpose::kYes;
      args.m = o_.vectors, args.n = out;
      args.a = from, args.lda = in;
      args.b = matrix_.data(), args.ldb = s_.in;
      args.ldc = out;
    }
    return device_.Gemm(args);
  }

  // The gradient of the whole matrix.
  absl::Status Outer() {
    GemmArgs args{.dtype = dtype_, .m = s_.out, .n = s_.in, .k = o_.vectors};
    args.transpose_a = side_by_side_ ? Transpose::kNo : Transpose::kYes;
    args.transpose_b = side_by_side_ ? Transpose::kYes : Transpose::kNo;
    args.a = o_.dy, args.lda = side_by_side_ ? o_.vectors : s_.out;
    args.b = o_.x, args.ldb = side_by_side_ ? o_.vectors : s_.in;
    args.c = gradient_.data(), args.ldc = s_.in;
    return device_.Gemm(args);
  }

  const Sizes s_;
  const bool backward_, side_by_side_;
  const Dtype dtype_;
  Device& device_;
  const LocalOperands o_;
  Buffer weight_of_, place_of_;  // indices
  Buffer values_, matrix_, gradient_;
};

// An input reaches the outputs that keep it: its group's first or second weight is for it.
class SparseMap : public ReferenceMap {
 public:
  SparseMap(const Sizes& sizes, std::vector<int32_t> inputs, const ReferenceWeights& weights)
      : s_(sizes), inputs_(std::move(inputs)), w_(weights.at("w")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t j = 0; j < s_.out; ++j) {
      const int64_t first = j * s_.kept() + input / kGroup * kKept;
      outputs[j] = 0;
      for (int64_t at = first; at < first + kKept; ++at)
        if (inputs_[at] == input) outputs[j] = w_[at];
    }
  }

 private:
  const Sizes s_;
  const std::vector<int32_t> inputs_;
  const std::vector<double> w_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "sparse24";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = X W, W zero but for 2 of each 4 consecutive inputs of an output";
  description.source = "Mishra et al., arXiv 2104.08378, 2021";
  description.flops_formula =
      "N K M useful; 2 N K M where weights are spread out to a dense matrix";
  description.parameters = {{"seed", "of the places of the weights", "1", 0, 1 << 30},
                            AxisParameter()};
  return description;
}

class Sparse24 : public Mixer {
 public:
  Sparse24() : Mixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    const Sizes s = Of(problem);
    if (s.in % kGroup != 0)
      return absl::UnimplementedError(
          absl::StrCat("sparse24: ", AlongTokens(problem) ? "tokens" : "d_in", " = ", s.in,
                       " is not divisible by ", kGroup));
    if (s.in <= std::numeric_limits<int32_t>::max() / s.out) return absl::OkStatus();
    return absl::UnimplementedError(absl::StrCat("sparse24: a matrix of ", s.in, " x ", s.out,
                                                 " has more places than a 32-bit index"));
  }
  bool MixesTokens(const Problem& problem) const override { return AlongTokens(problem); }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const Sizes s = Of(problem);
    return {{"w", s.out, s.kept(), 1 / std::sqrt(static_cast<double>(s.kept()))}};
  }
  // Those that matter.
  double FlopsPerVector(const Problem& problem) const override {
    return 2.0 * static_cast<double>(Of(problem).values());
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    return vectors == 0 ? 0 : LocalSparse::Elements(Of(problem), problem);
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    auto local = std::make_unique<LocalSparse>(Of(problem), problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate(Inputs(problem)));
    return local;
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<SparseMap>(Of(problem), Inputs(problem), weights);
  }
  double ForwardRoundings(const Problem& problem) const override {
    return static_cast<double>(Of(problem).kept());
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    return 4.0 * static_cast<double>(Of(problem).kept());
  }

 private:
  Sizes Of(const Problem& problem) const {
    return {.in = InputLength(problem), .out = OutputLength(problem)};
  }
  std::vector<int32_t> Inputs(const Problem& problem) const {
    return KeptInputs(Of(problem), IntegerParameter(problem, "seed"));
  }
};

const RegisterOperator kRegister(std::make_unique<Sparse24>());

}  // namespace
}  // namespace basisbench
