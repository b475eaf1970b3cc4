// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scalapack.h"

#include <algorithm>
#include <vector>

#include "services/base/status_macros.h"
#include "tests/bench/shared_library.h"

namespace basisbench {
namespace {

struct Functions {
  void (*get)(int context, int what, int* value) = nullptr;
  void (*grid_init)(int* context, const char* order, int rows, int cols) = nullptr;
  void (*grid_info)(int context, int* rows, int* cols, int* row, int* col) = nullptr;
  void (*grid_exit)(int context) = nullptr;
  int (*local_size)(const int* n, const int* block, const int* index, const int* first,
                    const int* count) = nullptr;
  void (*describe)(int* descriptor, const int* m, const int* n, const int* mb, const int* nb,
                   const int* first_row, const int* first_col, const int* context,
                   const int* leading, int* info) = nullptr;
  void (*gemm)(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
               const float* alpha, const float* a, const int* ia, const int* ja, const int* desc_a,
               const float* b, const int* ib, const int* jb, const int* desc_b, const float* beta,
               float* c, const int* ic, const int* jc, const int* desc_c) = nullptr;
};

absl::StatusOr<Functions> Load() {
  BB_ASSIGN_OR_RETURN(const SharedLibrary library,
                      SharedLibrary::Load("libscalapack-openmpi.so.2.2"));
  Functions functions;
  BB_RETURN_IF_ERROR(library.Find("Cblacs_get", &functions.get));
  BB_RETURN_IF_ERROR(library.Find("Cblacs_gridinit", &functions.grid_init));
  BB_RETURN_IF_ERROR(library.Find("Cblacs_gridinfo", &functions.grid_info));
  BB_RETURN_IF_ERROR(library.Find("Cblacs_gridexit", &functions.grid_exit));
  BB_RETURN_IF_ERROR(library.Find("numroc_", &functions.local_size));
  BB_RETURN_IF_ERROR(library.Find("descinit_", &functions.describe));
  BB_RETURN_IF_ERROR(library.Find("psgemm_", &functions.gemm));
  return functions;
}

class Gemm : public ScalapackGemm {
 public:
  Gemm(const Functions& functions, const ScalapackCase& problem)
      : functions_(functions), problem_(problem) {
    functions_.get(-1, 0, &context_);
    functions_.grid_init(&context_, "Row", problem.grid_rows, problem.grid_cols);
    x_ = Make(problem.tokens, problem.d_in);
    w_ = Make(problem.d_in, problem.d_out);
    y_ = Make(problem.tokens, problem.d_out);
  }
  ~Gemm() override { functions_.grid_exit(context_); }

  void Run() override {
    const int one = 1;
    const float alpha = 1, beta = 0;
    functions_.gemm("N", "N", &problem_.tokens, &problem_.d_out, &problem_.d_in, &alpha,
                    x_.data.data(), &one, &one, x_.descriptor, w_.data.data(), &one, &one,
                    w_.descriptor, &beta, y_.data.data(), &one, &one, y_.descriptor);
  }

 private:
  struct Matrix {
    std::vector<float> data;
    int descriptor[9] = {};
  };

  Matrix Make(int rows, int cols) {
    int grid_rows, grid_cols, row, col, info = 0;
    const int zero = 0, block = problem_.block;
    functions_.grid_info(context_, &grid_rows, &grid_cols, &row, &col);
    const int local_rows =
        std::max(1, functions_.local_size(&rows, &block, &row, &zero, &grid_rows));
    const int local_cols =
        std::max(1, functions_.local_size(&cols, &block, &col, &zero, &grid_cols));
    Matrix matrix;
    matrix.data.assign(static_cast<size_t>(local_rows) * local_cols, 1.0F);
    functions_.describe(matrix.descriptor, &rows, &cols, &block, &block, &zero, &zero, &context_,
                        &local_rows, &info);
    return matrix;
  }

  const Functions functions_;
  const ScalapackCase problem_;
  int context_ = 0;
  Matrix x_, w_, y_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ScalapackGemm>> MakeScalapackGemm(const ScalapackCase& problem) {
  static const auto& functions = *new absl::StatusOr<Functions>(Load());
  BB_RETURN_IF_ERROR(functions.status());
  return std::make_unique<Gemm>(*functions, problem);
}

}  // namespace basisbench
