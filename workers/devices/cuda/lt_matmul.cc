// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/lt_matmul.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr int kProposals = 8, kTimed = 4, kRuns = 3;

}  // namespace

absl::StatusOr<LtMatmul> LtMatmul::Make(const LtPlace& place, const LtProduct& product) {
  LtMatmul made(place, product);
  BB_RETURN_IF_ERROR(made.DescribeOperation());
  BB_ASSIGN_OR_RETURN(made.a_, made.MakeLayout(product.a));
  BB_ASSIGN_OR_RETURN(made.b_, made.MakeLayout(product.b));
  BB_ASSIGN_OR_RETURN(made.c_, made.MakeLayout(product.c));
  return made;
}

absl::Status LtMatmul::DescribeOperation() {
  cublasLtMatmulDesc_t operation = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCublas(place_.api->MatmulDescCreate(&operation, product_.compute, product_.scalars),
                  "cublasLtMatmulDescCreate"));
  operation_ = Operation(operation, {place_.api});
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
    return CheckCublas(
        place_.api->MatmulDescSetAttribute(operation, attribute, &value, sizeof(value)),
        absl::StrCat("cublasLtMatmulDescSetAttribute(", static_cast<int>(attribute), ")"));
  };
  const cublasOperation_t a = product_.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
  const cublasOperation_t b = product_.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_TRANSA, a));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_TRANSB, b));
  if (product_.a_scale != nullptr)
    BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, product_.a_scale));
  if (product_.b_scale != nullptr)
    BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, product_.b_scale));
  return absl::OkStatus();
}

absl::StatusOr<LtMatmul::Layout> LtMatmul::MakeLayout(const LtMatrix& matrix) const {
  CublasLtApi& api = *place_.api;
  cublasLtMatrixLayout_t layout = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCublas(api.MatrixLayoutCreate(&layout, matrix.type, static_cast<uint64_t>(matrix.rows),
                                         static_cast<uint64_t>(matrix.cols), matrix.leading),
                  "cublasLtMatrixLayoutCreate"));
  Layout owned(layout, {place_.api});
  const auto count = static_cast<int32_t>(product_.batch);
  BB_RETURN_IF_ERROR(
      CheckCublas(api.MatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
                                               sizeof(count)),
                  "cublasLtMatrixLayoutSetAttribute(BATCH_COUNT)"));
  BB_RETURN_IF_ERROR(
      CheckCublas(api.MatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                               &matrix.stride, sizeof(matrix.stride)),
                  "cublasLtMatrixLayoutSetAttribute(STRIDED_BATCH_OFFSET)"));
  return owned;
}

absl::StatusOr<std::vector<cublasLtMatmulHeuristicResult_t>> LtMatmul::Propose() const {
  CublasLtApi& api = *place_.api;
  cublasLtMatmulPreference_t preference = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCublas(api.MatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate"));
  const Handle<cublasLtMatmulPreference_t, CublasLtApi, &CublasLtApi::MatmulPreferenceDestroy>
      owned(preference, {place_.api});
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    return CheckCublas(
        api.MatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)),
        "cublasLtMatmulPreferenceSetAttribute");
  };
  const auto workspace = static_cast<uint64_t>(place_.workspace_bytes);
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, product_.a.alignment));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, product_.b.alignment));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, product_.c.alignment));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, product_.c.alignment));
  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(kProposals));
  int returned = 0;
  const cublasStatus_t code =
      api.MatmulAlgoGetHeuristic(place_.handle, operation_.get(), a_.get(), b_.get(), c_.get(),
                                 c_.get(), preference, kProposals, results.data(), &returned);
  if (code != CUBLAS_STATUS_SUCCESS && code != CUBLAS_STATUS_NOT_SUPPORTED)
    return CheckCublas(code, "cublasLtMatmulAlgoGetHeuristic");
  results.resize(static_cast<size_t>(returned));
  std::erase_if(results, [](const cublasLtMatmulHeuristicResult_t& one) {
    return one.state != CUBLAS_STATUS_SUCCESS;
  });
  return results;
}

absl::Status LtMatmul::Launch(const cublasLtMatmulAlgo_t& algorithm,
                              const LtOperands& operands) const {
  return CheckCublas(
      place_.api->Matmul(place_.handle, operation_.get(), operands.alpha, operands.a, a_.get(),
                         operands.b, b_.get(), operands.beta, operands.c, c_.get(), operands.d,
                         c_.get(), &algorithm, place_.workspace,
                         static_cast<size_t>(place_.workspace_bytes), place_.stream),
      "cublasLtMatmul");
}

// The fastest of a few runs after one that is not counted.
absl::StatusOr<float> LtMatmul::Time(CudaRuntimeApi& runtime, const cublasLtMatmulAlgo_t& algorithm,
                                     const LtOperands& trial) const {
  BB_ASSIGN_OR_RETURN(const Event start, MakeEvent(runtime, cudaEventDefault));
  BB_ASSIGN_OR_RETURN(const Event end, MakeEvent(runtime, cudaEventDefault));
  BB_RETURN_IF_ERROR(Launch(algorithm, trial));
  float best = std::numeric_limits<float>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    BB_RETURN_IF_ERROR(
        CheckCuda(runtime.EventRecord(start.get(), place_.stream), "cudaEventRecord"));
    BB_RETURN_IF_ERROR(Launch(algorithm, trial));
    BB_RETURN_IF_ERROR(CheckCuda(runtime.EventRecord(end.get(), place_.stream), "cudaEventRecord"));
    BB_RETURN_IF_ERROR(CheckCuda(runtime.EventSynchronize(end.get()), "cudaEventSynchronize"));
    float milliseconds = 0;
    BB_RETURN_IF_ERROR(CheckCuda(runtime.EventElapsedTime(&milliseconds, start.get(), end.get()),
                                 "cudaEventElapsedTime"));
    best = std::min(best, milliseconds);
  }
  return best;
}

absl::StatusOr<LtChoice> LtMatmul::Choose(absl::string_view what, CudaRuntimeApi* runtime,
                                          const LtOperands& trial) const {
  BB_ASSIGN_OR_RETURN(const auto proposals, Propose());
  if (proposals.empty())
    return absl::UnimplementedError(absl::StrCat("cuBLASLt has no algorithm for ", what));
  LtChoice choice{proposals[0].algo, proposals[0].workspaceSize, proposals.size()};
  if (runtime == nullptr || proposals.size() == 1) return choice;
  float best = std::numeric_limits<float>::infinity();
  choice.timed = std::min<size_t>(proposals.size(), kTimed);
  for (size_t i = 0; i < choice.timed; ++i) {
    BB_ASSIGN_OR_RETURN(const float milliseconds, Time(*runtime, proposals[i].algo, trial));
    if (milliseconds >= best) continue;
    best = milliseconds;
    choice.algorithm = proposals[i].algo;
    choice.workspace_bytes = proposals[i].workspaceSize;
  }
  return choice;
}

std::string LtMatmul::Describe(const LtChoice& choice) const {
  static constexpr std::pair<const char*, cublasLtMatmulAlgoConfigAttributes_t> kTold[] = {
      {"algorithm", CUBLASLT_ALGO_CONFIG_ID},
      {"tile", CUBLASLT_ALGO_CONFIG_TILE_ID},
      {"stages", CUBLASLT_ALGO_CONFIG_STAGES_ID},
      {"split", CUBLASLT_ALGO_CONFIG_SPLITK_NUM}};
  std::string text;
  for (const auto& [name, attribute] : kTold) {
    int32_t value = 0;
    size_t written = 0;
    const cublasStatus_t code = place_.api->MatmulAlgoConfigGetAttribute(
        &choice.algorithm, attribute, &value, sizeof(value), &written);
    if (code != CUBLAS_STATUS_SUCCESS) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", value);
  }
  return absl::StrCat(text, "; ", choice.timed, " of ", choice.proposed, " proposals timed; ",
                      choice.workspace_bytes, " bytes of workspace");
}

}  // namespace basisbench
