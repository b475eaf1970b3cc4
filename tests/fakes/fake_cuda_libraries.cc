// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>

#include "tests/fakes/fake_cuda.h"
#include "workers/devices/dtype.h"

namespace basisbench {
namespace {

// What stands behind the opaque handles. Matrices lie column after column.
struct Operation {
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
  const float *a_scale = nullptr, *b_scale = nullptr;
};
struct Layout {
  cudaDataType type;
  uint64_t rows, cols;
  int64_t leading;
  int32_t batch = 1;
  int64_t stride = 0;
};

Dtype DtypeOf(cudaDataType type) {
  if (type == CUDA_R_64F || type == CUDA_C_64F) return Dtype::kF64;
  if (type == CUDA_R_16BF) return Dtype::kBf16;
  return type == CUDA_R_16F ? Dtype::kF16 : Dtype::kF32;
}

// By the format's definition: four bits of exponent, three of fraction, no infinities.
double FromE4m3(uint8_t bits) {
  const int exponent = bits >> 3 & 15, fraction = bits & 7;
  if (exponent == 15 && fraction == 7) return std::nan("");
  const double size =
      exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10);
  return bits >= 128 ? -size : size;
}

double ElementOf(const Layout& layout, const void* data, int64_t at) {
  if (layout.type == CUDA_R_8F_E4M3) return FromE4m3(static_cast<const uint8_t*>(data)[at]);
  return LoadElement(DtypeOf(layout.type), data, at);
}

// What the library asks of such matrices: one layout, and multiples of 16.
bool IsPossible(const Operation& operation, const Layout& a, const Layout& b, const Layout& c) {
  if (a.type != CUDA_R_8F_E4M3) return true;
  bool possible = operation.a == CUBLAS_OP_T && operation.b == CUBLAS_OP_N;
  for (const Layout& one : {a, b, c})
    possible = possible && one.rows % 16 == 0 && one.cols % 16 == 0 && one.leading % 16 == 0;
  return possible;
}

int64_t Place(const Layout& layout, int64_t batch, uint64_t row, uint64_t col) {
  return batch * layout.stride + static_cast<int64_t>(row) +
         static_cast<int64_t>(col) * layout.leading;
}

struct Matrix {
  Layout layout;
  const void* data;
};

// One matrix, as the operation takes it, row after row.
std::vector<double> Rows(const Matrix& matrix, int64_t batch, bool transposed) {
  const auto& [layout, data] = matrix;
  const uint64_t rows = transposed ? layout.cols : layout.rows;
  const uint64_t cols = transposed ? layout.rows : layout.cols;
  std::vector<double> values;
  for (uint64_t i = 0; i < rows; ++i) {
    for (uint64_t j = 0; j < cols; ++j) {
      const int64_t at = transposed ? Place(layout, batch, j, i) : Place(layout, batch, i, j);
      values.push_back(ElementOf(layout, data, at));
    }
  }
  return values;
}

// A product as it was described when it was launched.
struct Product {
  Operation operation;
  double alpha, beta;
  Matrix a, b, c;
  Layout d;
  void* result;
};

void Multiply(const Product& p) {
  const Layout &la = p.a.layout, &lc = p.c.layout;
  const uint64_t depth = p.operation.a == CUBLAS_OP_N ? la.cols : la.rows;
  double alpha = p.alpha;
  for (const float* scale : {p.operation.a_scale, p.operation.b_scale}) {
    if (scale != nullptr) alpha *= *scale;
  }
  for (int32_t i = 0; i < lc.batch; ++i) {
    const std::vector<double> left = Rows(p.a, i, p.operation.a != CUBLAS_OP_N);
    const std::vector<double> right = Rows(p.b, i, p.operation.b == CUBLAS_OP_N);
    for (uint64_t col = 0; col < p.d.cols; ++col) {
      for (uint64_t row = 0; row < p.d.rows; ++row) {
        double sum = 0;
        for (uint64_t k = 0; k < depth; ++k) sum += left[row * depth + k] * right[col * depth + k];
        sum *= alpha;
        if (p.beta != 0) sum += p.beta * ElementOf(lc, p.c.data, Place(lc, i, row, col));
        StoreElement(DtypeOf(p.d.type), p.result, Place(p.d, i, row, col), sum);
      }
    }
  }
}

template <typename T>
T& As(void* handle) {
  return *static_cast<T*>(handle);
}

bool IsReal(cudaDataType type) { return type == CUDA_R_32F || type == CUDA_R_64F; }

}  // namespace

cublasStatus_t FakeCublasLt::Create(cublasLtHandle_t* handle) {
  if (const cublasStatus_t code = Enter("Create"); code != CUBLAS_STATUS_SUCCESS) return code;
  *handle = reinterpret_cast<cublasLtHandle_t>(s_.next_handle++);
  ++s_.alive["blas"];
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t FakeCublasLt::Destroy(cublasLtHandle_t) {
  --s_.alive["blas"];
  return Enter("Destroy");
}

cublasStatus_t FakeCublasLt::MatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t type,
                                              cudaDataType_t) {
  compute = type;
  *desc = reinterpret_cast<cublasLtMatmulDesc_t>(new Operation);
  ++s_.alive["operation"];
  return Enter("MatmulDescCreate");
}

cublasStatus_t FakeCublasLt::MatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete reinterpret_cast<Operation*>(desc);
  --s_.alive["operation"];
  return Enter("MatmulDescDestroy");
}

cublasStatus_t FakeCublasLt::MatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                                    cublasLtMatmulDescAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  auto& operation = As<Operation>(desc);
  void* place = &operation.a;
  if (attribute == CUBLASLT_MATMUL_DESC_TRANSB) place = &operation.b;
  if (attribute == CUBLASLT_MATMUL_DESC_A_SCALE_POINTER) place = &operation.a_scale;
  if (attribute == CUBLASLT_MATMUL_DESC_B_SCALE_POINTER) place = &operation.b_scale;
  std::memcpy(place, value, bytes);
  return Enter("MatmulDescSetAttribute");
}

cublasStatus_t FakeCublasLt::MatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                                uint64_t rows, uint64_t cols, int64_t leading) {
  if (leading < static_cast<int64_t>(rows)) return CUBLAS_STATUS_INVALID_VALUE;
  if (const cublasStatus_t code = Enter("MatrixLayoutCreate"); code != CUBLAS_STATUS_SUCCESS)
    return code;
  *layout = reinterpret_cast<cublasLtMatrixLayout_t>(new Layout{type, rows, cols, leading});
  ++s_.alive["layout"];
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t FakeCublasLt::MatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete reinterpret_cast<Layout*>(layout);
  --s_.alive["layout"];
  return Enter("MatrixLayoutDestroy");
}

cublasStatus_t FakeCublasLt::MatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                      cublasLtMatrixLayoutAttribute_t attribute,
                                                      const void* value, size_t bytes) {
  auto& made = As<Layout>(layout);
  void* place = attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT ? static_cast<void*>(&made.batch)
                                                                : &made.stride;
  std::memcpy(place, value, bytes);
  return Enter("MatrixLayoutSetAttribute");
}

cublasStatus_t FakeCublasLt::MatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = reinterpret_cast<cublasLtMatmulPreference_t>(s_.next_handle++);
  ++s_.alive["preference"];
  return Enter("MatmulPreferenceCreate");
}

cublasStatus_t FakeCublasLt::MatmulPreferenceDestroy(cublasLtMatmulPreference_t) {
  --s_.alive["preference"];
  return Enter("MatmulPreferenceDestroy");
}

cublasStatus_t FakeCublasLt::MatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
    size_t bytes) {
  std::memcpy(&preferences[attribute], value, bytes);
  return Enter("MatmulPreferenceSetAttribute");
}

cublasStatus_t FakeCublasLt::MatmulAlgoGetHeuristic(
    cublasLtHandle_t, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
    cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t, cublasLtMatmulPreference_t, int requested,
    cublasLtMatmulHeuristicResult_t results[], int* returned) {
  const bool possible =
      IsPossible(As<Operation>(desc), As<Layout>(a), As<Layout>(b), As<Layout>(c));
  *returned = possible ? std::min(requested, proposals) : 0;
  for (int i = 0; i < *returned; ++i) {
    results[i].algo.data[0] = static_cast<uint64_t>(i);
    results[i].workspaceSize = 1000;
    results[i].state = CUBLAS_STATUS_SUCCESS;
  }
  if (*returned == 0) return CUBLAS_STATUS_NOT_SUPPORTED;
  return Enter("MatmulAlgoGetHeuristic");
}

// The proposal's number stands for every attribute.
cublasStatus_t FakeCublasLt::MatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algo,
                                                          cublasLtMatmulAlgoConfigAttributes_t,
                                                          void* value, size_t bytes,
                                                          size_t* written) {
  std::memcpy(value, algo->data, bytes);
  *written = bytes;
  return Enter("MatmulAlgoConfigGetAttribute");
}

cublasStatus_t FakeCublasLt::Matmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void* alpha,
                                    const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                                    cublasLtMatrixLayout_t b_layout, const void* beta,
                                    const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                                    cublasLtMatrixLayout_t d_layout,
                                    const cublasLtMatmulAlgo_t* algo, void*, size_t, cudaStream_t) {
  launched.push_back(algo->data[0]);
  const Dtype scale = As<Layout>(c_layout).type == CUDA_R_64F ? Dtype::kF64 : Dtype::kF32;
  const Product product{.operation = As<Operation>(desc),
                        .alpha = LoadElement(scale, alpha, 0),
                        .beta = LoadElement(scale, beta, 0),
                        .a = {As<Layout>(a_layout), a},
                        .b = {As<Layout>(b_layout), b},
                        .c = {As<Layout>(c_layout), c},
                        .d = As<Layout>(d_layout),
                        .result = d};
  s_.Issue([product] { Multiply(product); });
  return Enter("Matmul");
}

cufftResult FakeCufft::GetVersion(int* version) {
  *version = CUFFT_VERSION;
  return Enter("GetVersion");
}

cufftResult FakeCufft::Create(cufftHandle* plan) {
  *plan = static_cast<cufftHandle>(s_.next_handle++);
  plans_[*plan] = {};
  ++s_.alive["fft"];
  return Enter("FftCreate");
}

cufftResult FakeCufft::Destroy(cufftHandle plan) {
  plans_.erase(plan);
  --s_.alive["fft"];
  return Enter("FftDestroy");
}

cufftResult FakeCufft::SetAutoAllocation(cufftHandle, int) { return Enter("SetAutoAllocation"); }

cufftResult FakeCufft::SetStream(cufftHandle plan, cudaStream_t stream) {
  plans_[plan].has_stream = stream != nullptr;
  return Enter("SetStream");
}

cufftResult FakeCufft::SetWorkArea(cufftHandle plan, void* area) {
  plans_[plan].has_work = area != nullptr;
  return Enter("SetWorkArea");
}

cufftResult FakeCufft::XtMakePlanMany(cufftHandle plan, int, long long* n, long long* in_embed,
                                      long long in_stride, long long in_distance,
                                      cudaDataType in_type, long long* out_embed,
                                      long long out_stride, long long out_distance,
                                      cudaDataType out_type, long long batch, size_t* work_bytes,
                                      cudaDataType) {
  if (in_embed == nullptr || out_embed == nullptr) return CUFFT_INVALID_VALUE;
  Plan& made = plans_[plan];
  made.n = *n, made.batch = batch;
  made.in_stride = in_stride, made.in_distance = in_distance, made.in_type = in_type;
  made.out_stride = out_stride, made.out_distance = out_distance, made.out_type = out_type;
  *work_bytes = 1024;
  return Enter("XtMakePlanMany");
}

cufftResult FakeCufft::XtExec(cufftHandle plan, void* in, void* out, int direction) {
  const Plan& p = plans_[plan];
  if (!p.has_stream || !p.has_work) return CUFFT_INVALID_PLAN;
  s_.Issue([=] { Transform(p, in, out, direction); });
  return Enter("XtExec");
}

void FakeCufft::Transform(const Plan& p, const void* in, void* out, int direction) {
  using C = std::complex<double>;
  const Dtype dtype = DtypeOf(p.in_type);
  const bool from_real = IsReal(p.in_type), to_real = IsReal(p.out_type);
  const int64_t half = p.n / 2 + 1;
  std::vector<C> values(static_cast<size_t>(p.n * p.batch)), roots(static_cast<size_t>(p.n));
  for (long long j = 0; j < p.n; ++j) {
    const double turn = static_cast<double>(j) / static_cast<double>(p.n);
    roots[static_cast<size_t>(j)] = std::polar(1.0, direction * 2 * std::numbers::pi * turn);
  }
  for (long long b = 0; b < p.batch; ++b) {
    for (long long j = 0; j < p.n; ++j) {
      // Of conjugate symmetric input only the first half is there.
      const bool mirrored = to_real && j >= half;
      const int64_t at = b * p.in_distance + (mirrored ? p.n - j : j) * p.in_stride;
      C value = from_real ? C(LoadElement(dtype, in, at))
                          : C(LoadElement(dtype, in, 2 * at), LoadElement(dtype, in, 2 * at + 1));
      if (to_real && (j == 0 || 2 * j == p.n)) value = value.real();
      values[static_cast<size_t>(b * p.n + j)] = mirrored ? std::conj(value) : value;
    }
  }
  for (long long b = 0; b < p.batch; ++b) {
    for (long long k = 0; k < (from_real ? half : p.n); ++k) {
      C sum = 0;
      for (long long j = 0; j < p.n; ++j) {
        sum += values[static_cast<size_t>(b * p.n + j)] * roots[static_cast<size_t>(j * k % p.n)];
      }
      const int64_t at = b * p.out_distance + k * p.out_stride;
      StoreElement(dtype, out, to_real ? at : 2 * at, sum.real());
      if (!to_real) StoreElement(dtype, out, 2 * at + 1, sum.imag());
    }
  }
}

}  // namespace basisbench
