// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scalapack.h"

#include <dlfcn.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr char kLibrary[] = "libscalapack-openmpi.so.2.2";

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

template <typename Function>
absl::Status Find(void* library, const char* symbol, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (*function != nullptr) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(kLibrary, " has no function ", symbol));
}

absl::StatusOr<Functions> Load() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr)
    return absl::UnavailableError(absl::StrCat("cannot load ", kLibrary, ": ", dlerror()));
  Functions functions;
  BB_RETURN_IF_ERROR(Find(library, "Cblacs_get", &functions.get));
  BB_RETURN_IF_ERROR(Find(library, "Cblacs_gridinit", &functions.grid_init));
  BB_RETURN_IF_ERROR(Find(library, "Cblacs_gridinfo", &functions.grid_info));
  BB_RETURN_IF_ERROR(Find(library, "Cblacs_gridexit", &functions.grid_exit));
  BB_RETURN_IF_ERROR(Find(library, "numroc_", &functions.local_size));
  BB_RETURN_IF_ERROR(Find(library, "descinit_", &functions.describe));
  BB_RETURN_IF_ERROR(Find(library, "psgemm_", &functions.gemm));
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
