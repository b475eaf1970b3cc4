// SPDX-License-Identifier: Apache-2.0
// Fortran stores columns: a row-major matrix is its own transpose there. With a^T = U' S V'^H the
// row-major results are u = (V'^H)^T and vh = U'^T, which are the same bytes, so nothing is ever
// transposed.
#include "workers/expressiveness/lapack.h"

#include <dlfcn.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cpu/openblas.h"

namespace basisbench {
namespace {

constexpr char kLibrary[] = "libopenblas.so.0";

struct Lapack {
  void (*dgesdd)(const char* job, const int* m, const int* n, double* a, const int* lda, double* s,
                 double* u, const int* ldu, double* vt, const int* ldvt, double* work,
                 const int* lwork, int* iwork, int* info) = nullptr;
  void (*zgesdd)(const char* job, const int* m, const int* n, Complex* a, const int* lda, double* s,
                 Complex* u, const int* ldu, Complex* vt, const int* ldvt, Complex* work,
                 const int* lwork, double* rwork, int* iwork, int* info) = nullptr;
  void (*dgesvd)(const char* job_u, const char* job_v, const int* m, const int* n, double* a,
                 const int* lda, double* s, double* u, const int* ldu, double* vt, const int* ldvt,
                 double* work, const int* lwork, int* info) = nullptr;
  void (*dgeqrf)(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
                 const int* lwork, int* info) = nullptr;
  void (*dorgqr)(const int* m, const int* n, const int* k, double* a, const int* lda,
                 const double* tau, double* work, const int* lwork, int* info) = nullptr;
  void (*dposv)(const char* triangle, const int* n, const int* sides, double* a, const int* lda,
                double* b, const int* ldb, int* info) = nullptr;
  void (*zgemm)(int order, int trans_a, int trans_b, int m, int n, int k, const void* alpha,
                const void* a, int lda, const void* b, int ldb, const void* beta, void* c,
                int ldc) = nullptr;
  OpenBlas::Dgemm dgemm = nullptr;
};

template <typename Function>
absl::Status Find(void* library, const char* symbol, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (*function != nullptr) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(kLibrary, " has no function ", symbol));
}

absl::StatusOr<Lapack> Load() {
  // First, because it chooses the kernels; the library is then the same one.
  BB_ASSIGN_OR_RETURN(const OpenBlas* blas, LoadOpenBlas());
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return absl::UnavailableError(absl::StrCat("cannot load ", kLibrary, ": ", dlerror()));
  Lapack lapack;
  lapack.dgemm = blas->dgemm;
  BB_RETURN_IF_ERROR(Find(library, "dgesdd_", &lapack.dgesdd));
  BB_RETURN_IF_ERROR(Find(library, "zgesdd_", &lapack.zgesdd));
  BB_RETURN_IF_ERROR(Find(library, "dgesvd_", &lapack.dgesvd));
  BB_RETURN_IF_ERROR(Find(library, "dgeqrf_", &lapack.dgeqrf));
  BB_RETURN_IF_ERROR(Find(library, "dorgqr_", &lapack.dorgqr));
  BB_RETURN_IF_ERROR(Find(library, "dposv_", &lapack.dposv));
  BB_RETURN_IF_ERROR(Find(library, "cblas_zgemm", &lapack.zgemm));
  return lapack;
}

absl::StatusOr<const Lapack*> Get() {
  static const auto* const lapack = new absl::StatusOr<Lapack>(Load());
  if (!lapack->ok()) return lapack->status();
  return &**lapack;
}

absl::Status Check(const char* function, int info) {
  if (info == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(function, " ended with info = ", info));
}

// One shape for the real and the complex routine; the real one needs no second workspace.
struct SvdCall {
  const Lapack& lapack;
  int m, n, k;

  int Run(double* a, Svd<double>& out, double* work, int lwork, int* iwork) const {
    int info = 0;
    lapack.dgesdd("S", &m, &n, a, &m, out.s.data(), out.vh.data(), &m, out.u.data(), &k, work,
                  &lwork, iwork, &info);
    return info;
  }
  int Run(Complex* a, Svd<Complex>& out, Complex* work, int lwork, int* iwork) const {
    const int64_t most = std::max(m, n);
    std::vector<double> rwork(k * std::max<int64_t>(5 * k + 7, 2 * most + 2 * k + 1));
    int info = 0;
    lapack.zgesdd("S", &m, &n, a, &m, out.s.data(), out.vh.data(), &m, out.u.data(), &k, work,
                  &lwork, rwork.data(), iwork, &info);
    return info;
  }
};

template <typename T>
absl::StatusOr<Svd<T>> Decompose(const Matrix<T>& a) {
  BB_ASSIGN_OR_RETURN(const Lapack* lapack, Get());
  const int64_t k = std::min(a.rows(), a.cols());
  Svd<T> out{Matrix<T>(a.rows(), k), std::vector<double>(k), Matrix<T>(k, a.cols())};
  const SvdCall call{*lapack, static_cast<int>(a.cols()), static_cast<int>(a.rows()),
                     static_cast<int>(k)};
  std::vector<T> copy = a.elements();
  std::vector<int> iwork(8 * k);
  T size = 0;
  BB_RETURN_IF_ERROR(Check("gesdd", call.Run(copy.data(), out, &size, -1, iwork.data())));
  std::vector<T> work(static_cast<size_t>(std::real(size)));
  BB_RETURN_IF_ERROR(Check("gesdd", call.Run(copy.data(), out, work.data(),
                                             static_cast<int>(work.size()), iwork.data())));
  return out;
}

}  // namespace

absl::StatusOr<Svd<double>> DecomposeSingular(const Matrix<double>& a) { return Decompose(a); }
absl::StatusOr<Svd<Complex>> DecomposeSingular(const Matrix<Complex>& a) { return Decompose(a); }

absl::StatusOr<std::vector<double>> SingularValues(const Matrix<double>& a) {
  BB_ASSIGN_OR_RETURN(const Lapack* lapack, Get());
  const int m = static_cast<int>(a.cols()), n = static_cast<int>(a.rows()), one = 1;
  const int lwork = 64 * (m + n);
  std::vector<double> values(std::min(m, n)), copy = a.elements(), work(lwork);
  int info = 0;
  lapack->dgesvd("N", "N", &m, &n, copy.data(), &m, values.data(), nullptr, &one, nullptr, &one,
                 work.data(), &lwork, &info);
  BB_RETURN_IF_ERROR(Check("dgesvd", info));
  return values;
}

absl::StatusOr<Matrix<double>> Multiply(const Matrix<double>& a, const Matrix<double>& b) {
  BB_ASSIGN_OR_RETURN(const Lapack* lapack, Get());
  Matrix<double> out(a.rows(), b.cols());
  const int m = a.rows(), n = b.cols(), k = a.cols();
  lapack->dgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, m, n, k, 1, a.data(), k, b.data(), n,
                0, out.data(), n);
  return out;
}

absl::StatusOr<Matrix<Complex>> Multiply(const Matrix<Complex>& a, const Matrix<Complex>& b) {
  BB_ASSIGN_OR_RETURN(const Lapack* lapack, Get());
  Matrix<Complex> out(a.rows(), b.cols());
  const int m = a.rows(), n = b.cols(), k = a.cols();
  const Complex one = 1, zero = 0;
  lapack->zgemm(kCblasRowMajor, kCblasNoTrans, kCblasNoTrans, m, n, k, &one, a.data(), k, b.data(),
                n, &zero, out.data(), n);
  return out;
}

absl::StatusOr<Matrix<double>> OrthogonalFactor(const Matrix<double>& a) {
  BB_ASSIGN_OR_RETURN(const Lapack* lapack, Get());
  const int n = static_cast<int>(a.rows());
  Matrix<double> q = Adjoint(a);
  std::vector<double> tau(n), signs(n), work(64 * n);
  const int lwork = 64 * n;
  int info = 0;
  lapack->dgeqrf(&n, &n, q.data(), &n, tau.data(), work.data(), &lwork, &info);
  BB_RETURN_IF_ERROR(Check("dgeqrf", info));
  for (int j = 0; j < n; ++j) signs[j] = q(j, j) < 0 ? -1 : 1;
  lapack->dorgqr(&n, &n, &n, q.data(), &n, tau.data(), work.data(), &lwork, &info);
  BB_RETURN_IF_ERROR(Check("dorgqr", info));
  // Column j of Q is row j here.
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i) q(j, i) *= signs[j];
  return Adjoint(q);
}

absl::StatusOr<Matrix<double>> SolvePositive(const Matrix<double>& a, const Matrix<double>& b) {
  BB_ASSIGN_OR_RETURN(const Lapack* lapack, Get());
  const int n = static_cast<int>(a.rows()), sides = static_cast<int>(b.cols());
  Matrix<double> factor = a, x = Adjoint(b);
  int info = 0;
  lapack->dposv("L", &n, &sides, factor.data(), &n, x.data(), &n, &info);
  if (info > 0)
    return absl::FailedPreconditionError(
        absl::StrCat("the ", n, " x ", n, " system is not positive definite"));
  BB_RETURN_IF_ERROR(Check("dposv", info));
  return Adjoint(x);
}

}  // namespace basisbench
