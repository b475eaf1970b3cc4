// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/matmul/products.h"

namespace basisbench {

absl::Status MultiplyWhile(Device& device, const ProductSizes& sizes, const void* x, const void* w,
                           void* y, Transfers& transfers) {
  GemmArgs args{.dtype = sizes.dtype, .m = sizes.n, .n = sizes.m, .k = sizes.k};
  args.a = x, args.lda = sizes.k;
  args.b = w, args.ldb = sizes.m;
  args.c = y, args.ldc = sizes.m;
  return GemmWhile(device, args, {&transfers});
}

absl::Status InputGradientWhile(Device& device, const ProductSizes& sizes, const void* dy,
                                const void* w, void* dx, Transfers& transfers) {
  GemmArgs args{.dtype = sizes.dtype, .transpose_b = Transpose::kYes};
  args.m = sizes.n, args.n = sizes.k, args.k = sizes.m;
  args.a = dy, args.lda = sizes.m;
  args.b = w, args.ldb = sizes.m;
  args.c = dx, args.ldc = sizes.k;
  return GemmWhile(device, args, {&transfers});
}

absl::Status WeightGradientWhile(Device& device, const ProductSizes& sizes, const void* x,
                                 const void* dy, bool add, void* dw, Transfers& transfers) {
  GemmArgs args{.dtype = sizes.dtype, .transpose_a = Transpose::kYes};
  args.m = sizes.k, args.n = sizes.m, args.k = sizes.n;
  args.a = x, args.lda = sizes.k;
  args.b = dy, args.ldb = sizes.m;
  args.beta = add ? 1.0 : 0.0;
  args.c = dw, args.ldc = sizes.m;
  return GemmWhile(device, args, {&transfers});
}

}  // namespace basisbench
