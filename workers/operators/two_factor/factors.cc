// SPDX-License-Identifier: Apache-2.0
// The rows of the first factor's products are delta or (phi, rho), whichever has more: z has both,
// but not side by side.
#include "workers/operators/two_factor/factors.h"

namespace basisbench {

absl::Status Factors::First(int64_t vectors, const void* a, const void* x, void* z) const {
  const Distances of_a = OfA(), of_x = OfX(vectors), of_z = OfZ(vectors);
  GemmArgs args{.dtype = dtype_, .m = Rows(), .n = vectors, .k = s_.alpha};
  args.a = a, args.lda = RowDistance(of_a);
  args.b = x, args.ldb = of_x.alpha;
  args.c = z, args.ldc = RowDistance(of_z);
  return GemmOver(device_, args, Loops(of_a, of_x, of_z));
}

absl::Status Factors::FirstAdjoint(int64_t vectors, const void* a, const void* dz, bool add,
                                   void* dx) const {
  const Distances of_a = OfA(), of_x = OfX(vectors), of_z = OfZ(vectors);
  GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
  args.m = s_.alpha, args.n = vectors, args.k = Rows();
  args.a = a, args.lda = RowDistance(of_a);
  args.b = dz, args.ldb = RowDistance(of_z);
  args.beta = add ? 1.0 : 0.0;
  args.c = dx, args.ldc = of_x.alpha;
  return GemmOver(device_, args, Loops(of_a, of_z, of_x));
}

absl::Status Factors::FirstGradient(int64_t vectors, const void* dz, const void* x, bool add,
                                    void* da) const {
  const Distances of_a = OfA(), of_x = OfX(vectors), of_z = OfZ(vectors);
  GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
  args.m = Rows(), args.n = s_.alpha, args.k = vectors;
  args.a = dz, args.lda = RowDistance(of_z);
  args.b = x, args.ldb = of_x.alpha;
  args.beta = add ? 1.0 : 0.0;
  args.c = da, args.ldc = RowDistance(of_a);
  return GemmOver(device_, args, Loops(of_z, of_x, of_a));
}

absl::Status Factors::Second(int64_t vectors, const void* b, const void* z, bool add,
                             void* y) const {
  const int64_t across = s_.delta * vectors;
  GemmArgs args{.dtype = dtype_, .m = s_.epsilon, .n = across, .k = s_.sums()};
  args.a = b, args.lda = b_leading_;
  args.b = z, args.ldb = across;
  args.beta = add ? 1.0 : 0.0;
  args.c = y, args.ldc = across;
  return GemmOver(device_, args, {Loop{s_.phi, OfB(), s_.sums() * across, s_.epsilon * across}});
}

absl::Status Factors::SecondAdjoint(int64_t vectors, const void* b, const void* dy,
                                    void* dz) const {
  const int64_t across = s_.delta * vectors;
  GemmArgs args{.dtype = dtype_, .transpose_a = Transpose::kYes};
  args.m = s_.sums(), args.n = across, args.k = s_.epsilon;
  args.a = b, args.lda = b_leading_;
  args.b = dy, args.ldb = across;
  args.c = dz, args.ldc = across;
  return GemmOver(device_, args, {Loop{s_.phi, OfB(), s_.epsilon * across, s_.sums() * across}});
}

absl::Status Factors::SecondGradient(int64_t vectors, const void* dy, const void* z, bool add,
                                     void* db) const {
  const int64_t across = s_.delta * vectors;
  GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
  args.m = s_.epsilon, args.n = s_.sums(), args.k = across;
  args.a = dy, args.lda = across;
  args.b = z, args.ldb = across;
  args.beta = add ? 1.0 : 0.0;
  args.c = db, args.ldc = b_leading_;
  return GemmOver(device_, args, {Loop{s_.phi, s_.epsilon * across, s_.sums() * across, OfB()}});
}

}  // namespace basisbench
