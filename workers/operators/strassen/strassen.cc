// SPDX-License-Identifier: Apache-2.0
// Y = X W, exact in exact arithmetic, by seven products of half the size at each of L levels.
//   FLOPs: F(N,K,M) = 7 F(N/2,K/2,M/2) + additions; at a level 18 quarters are added (Strassen) or
//   15 (Winograd); what odd sides leave over is multiplied the ordinary way. Every rank adds up its
//   own quarters of W. Backward two such products. Parameters K M. Workspace about a quarter of
//   each matrix a level. Errors are normwise: they grow with the largest rows of X, not with their
//   own.
//   Source: Strassen, "Gaussian elimination is not optimal", Numer. Math. 13, 1969; Winograd 1971;
//   order of the additions after Douglas et al., GEMMW, 1994.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/mixer/mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"
#include "workers/operators/strassen/product_tree.h"

namespace basisbench {
namespace {

ProductTreeVariant VariantOf(const Problem& problem) {
  return problem.parameters.at("variant") == "winograd" ? ProductTreeVariant::kWinograd
                                                        : ProductTreeVariant::kStrassen;
}

// The products of one rank: Y = X W, or dX = dY W^t and dW = X^t dY.
std::vector<ProductSize> Products(const Problem& problem, int64_t vectors) {
  const auto [tokens, d_in, d_out] = problem.shape;
  if (problem.direction == "forward") return {{vectors, d_in, d_out}};
  return {{vectors, d_out, d_in}, {d_in, vectors, d_out}};
}

double FlopsOf(const Problem& problem, int64_t vectors) {
  double flops = 0;
  for (const ProductSize& size : Products(problem, vectors))
    flops += ProductTree::Flops(VariantOf(problem), IntegerParameter(problem, "levels"), size);
  return flops;
}

int64_t WorkspaceOf(const Problem& problem, int64_t vectors) {
  int64_t elements = 0;
  for (const ProductSize& size : Products(problem, vectors)) {
    elements = std::max(
        elements,
        ProductTree::Workspace(VariantOf(problem), IntegerParameter(problem, "levels"), size));
  }
  return elements;
}

class LocalStrassen : public LocalMixer {
 public:
  LocalStrassen(const Problem& problem, Device& device, const LocalOperands& operands)
      : problem_(problem),
        device_(device),
        tree_(device, problem.dtype, VariantOf(problem), IntegerParameter(problem, "levels")),
        o_(operands) {}

  absl::Status Allocate() {
    BB_ASSIGN_OR_RETURN(workspace_, device_.Allocate(WorkspaceOf(problem_, o_.vectors) *
                                                     DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    const auto [tokens, d_in, d_out] = problem_.shape;
    const MatrixView w = View(o_.weights[0], d_in, d_out);
    if (problem_.direction == "forward")
      return Multiply(View(o_.x, o_.vectors, d_in), w, View(o_.y, o_.vectors, d_out));
    const MatrixView dy = View(o_.dy, o_.vectors, d_out);
    BB_RETURN_IF_ERROR(Multiply(dy, Transposed(w), View(o_.dx, o_.vectors, d_in)));
    return Multiply(Transposed(View(o_.x, o_.vectors, d_in)), dy,
                    View(o_.gradients[0], d_in, d_out));
  }

 private:
  absl::Status Multiply(const MatrixView& a, const MatrixView& b, const MatrixView& c) {
    return tree_.Multiply(a, b, c, workspace_.data());
  }
  // Inputs are only read.
  static MatrixView View(const void* data, int64_t rows, int64_t cols) {
    return {static_cast<std::byte*>(const_cast<void*>(data)), rows, cols, cols, false};
  }
  static MatrixView Transposed(const MatrixView& a) {
    return {a.data, a.cols, a.rows, a.leading, !a.transposed};
  }

  const Problem problem_;
  Device& device_;
  const ProductTree tree_;
  const LocalOperands o_;
  Buffer workspace_;
};

// The dense product: row `input` of W.
class DenseMap : public ReferenceMap {
 public:
  explicit DenseMap(const ReferenceWeights& weights) : w_(weights.at("w")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const auto width = static_cast<int64_t>(outputs.size());
    std::copy_n(w_.begin() + input * width, width, outputs.begin());
  }

 private:
  const std::vector<double> w_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "strassen";
  description.family = "dense";
  description.axis = "channel";
  description.formula = "Y = X W by 7 products of half the size a level";
  description.source = "Strassen, Numer. Math. 13, 1969; Winograd, 1971";
  description.flops_formula =
      "F(N,K,M) = 7 F(N/2,K/2,M/2) + (5 NK + 5 KM + 8 NM)/4, winograd (4 NK + 4 KM + 7 NM)/4; "
      "2 N K M at the lowest level";
  description.parameters = {
      {"levels", "levels of the recursion; a side of 1 ends it", "1", 0, 8},
      {"variant", "strassen (18 additions a level) or winograd (15)", "winograd"}};
  return description;
}

class Strassen : public Mixer {
 public:
  Strassen() : Mixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    const std::string& variant = problem.parameters.at("variant");
    if (variant == "strassen" || variant == "winograd") return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "strassen: parameter 'variant' must be strassen or winograd, not '", variant, "'"));
  }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const auto [tokens, d_in, d_out] = problem.shape;
    return {{"w", d_in, d_out, 1 / std::sqrt(static_cast<double>(d_in))}};
  }
  // The additions of W's quarters are once per rank, not per vector: this is the mean of one rank.
  double FlopsPerVector(const Problem& problem) const override {
    return FlopsOf(problem, problem.shape.tokens) / static_cast<double>(problem.shape.tokens);
  }
  OperatorCost Cost(const Problem& problem) const override {
    OperatorCost cost = Mixer::Cost(problem);
    cost.flops_executed = 0;
    for (const Piece& part : PartsOf(problem.shape.tokens, problem.ranks))
      cost.flops_executed += part.count > 0 ? FlopsOf(problem, part.count) : 0;
    return cost;
  }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override {
    return vectors > 0 ? WorkspaceOf(problem, vectors) : 0;
  }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    auto local = std::make_unique<LocalStrassen>(problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem&,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<DenseMap>(weights);
  }
  // A level doubles the error: four times the roundings.
  double ForwardRoundings(const Problem& problem) const override {
    return static_cast<double>(problem.shape.d_in) * std::pow(4.0, Depth(problem));
  }
  // Terms of up to 4 and 4 numbers are multiplied and up to 4 products added, half as many a level;
  // of Strassen's, 2 and 2.
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    const double growth = VariantOf(problem) == ProductTreeVariant::kWinograd ? 32 : 8;
    return 4.0 * static_cast<double>(problem.shape.d_in) * std::pow(growth, Depth(problem));
  }

 private:
  static double Depth(const Problem& problem) {
    const auto [tokens, d_in, d_out] = problem.shape;
    return static_cast<double>(
        ProductTree::Depth(IntegerParameter(problem, "levels"), {tokens, d_in, d_out}));
  }
};

const RegisterOperator kRegister(std::make_unique<Strassen>());

}  // namespace
}  // namespace basisbench
