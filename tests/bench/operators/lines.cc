// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/operators/lines.h"

namespace basisbench {

std::vector<Line> AllLines() {
  constexpr auto kSpeed = Against::kSpeed;
  constexpr auto kTime = Against::kTime;
  constexpr auto kFlopRatio = Against::kFlopRatio;
  const ProblemShape square{1024, 1024, 1024}, wide{4096, 1024, 1024}, sequence{4096, 768, 768};
  return {
      {"matmul", square, GemmPeer, kSpeed, 0.97},
      {"matmul", {2048, 2048, 2048}, GemmPeer, kSpeed, 0.97},
      {"matmul", {16384, 512, 512}, GemmPeer, kSpeed, 0.97},
      {"matmul", {128, 4096, 4096}, GemmPeer, kSpeed, 0.97},
      {"matmul", {1021, 1009, 1013}, GemmPeer, kSpeed, 0.97},
      {"matmul", square, GemmPeer, kSpeed, 0.97, {}, Dtype::kF64},
      {"strassen", square, GemmPeer},
      {"strassen", {2048, 2048, 2048}, GemmPeer},
      {"stl", square, GemmPeer},
      {"mlp_mixer", square, TokenGemmPeer},
      {"random_orthogonal", square, DenseGemmPeer},
      {"lowrank", wide, DenseGemmPeer},
      {"lowrank", wide, TwoGemmsPeer},
      {"blockdiag", wide, DenseGemmPeer},
      {"blockdiag", wide, BlockGemmsPeer},
      {"monarch", wide, DenseGemmPeer, kFlopRatio, 0.6},
      {"monarch", {16384, 256, 256}, DenseGemmPeer, kFlopRatio, 0.6},
      {"monarch", {1024, 4096, 4096}, DenseGemmPeer, kFlopRatio, 0.6},
      {"monarch_p", wide, DenseGemmPeer},
      {"kron", wide, DenseGemmPeer},
      {"btt", wide, DenseGemmPeer},
      {"einsum", wide, DenseGemmPeer},
      {"pixelfly", wide, DenseGemmPeer},
      {"sparse24", wide, DenseGemmPeer},
      {"tproduct", wide, DenseGemmPeer},
      {"tproduct", wide, DenseGemmPeer, kSpeed, 0, {{"transform", "dct"}}},
      {"block_butterfly", wide, DenseGemmPeer},
      {"butterfly", wide, CopyPeer, kTime},
      {"kaleidoscope", wide, CopyPeer, kTime},
      {"softmax_attention", sequence, SoftmaxGemmsPeer},
      {"softmax_attention", {1024, 768, 768}, SoftmaxGemmsPeer, kSpeed, 0, {{"causal", "0"}}},
      {"linear_attention", sequence, LinearGemmsPeer, kSpeed, 0, {{"causal", "0"}}},
      {"linear_attention", sequence, LinearGemmsPeer},
      {"ssm", sequence, LeastBytesPeer, kTime},
      {"fnet", {512, 768, 768}, FnetPeer, kSpeed, 1.5},
      {"fnet", square, FnetPeer, kSpeed, 1.5},
      {"fnet", wide, FnetPeer, kSpeed, 1.5},
      {"fnet", {2048, 4096, 4096}, FnetPeer, kSpeed, 1.5},
      {"hartley", wide, HartleyPeer},
      {"dct", wide, CosinePeer},
      {"acdc", wide, CosineChainPeer},
      {"circulant", wide, CirculantPeer},
      {"toeplitz", wide, ToeplitzPeer},
      {"polymul", wide, PolynomialPeer},
      {"long_conv", square, LongConvolutionPeer},
      {"ldr", square, DisplacementPeer},
      {"group_conv", wide, CirculantPeer},
      {"group_conv", wide, CopyPeer, kTime, 0, {{"group", "xor"}}},
      {"group_conv", wide, CopyPeer, kTime, 0, {{"group", "dihedral"}}},
      {"wht", {16384, 1024, 1024}, CopyPeer, kTime, 1.5},
      {"wht", {262144, 64, 64}, CopyPeer, kTime, 1.5},
      {"wht", {32768, 512, 512}, CopyPeer, kTime, 1.5},
      {"wht", {4096, 4096, 4096}, CopyPeer, kTime, 1.5},
      {"wht", {1024, 16384, 16384}, CopyPeer, kTime, 3},
      {"wht", {256, 65536, 65536}, CopyPeer, kTime, 3},
      {"wht", {8192, 1024, 1024}, CopyPeer, kTime, 1.5, {}, Dtype::kF64},
      {"dwhtd", wide, CopyPeer, kTime},
      {"fastfood", wide, CopyPeer, kTime},
      {"dwt", wide, CopyPeer, kTime},
      {"dwt", wide, CopyPeer, kTime, 0, {{"wavelet", "db4"}}},
      {"short_conv", wide, CopyPeer, kTime},
      {"gate", {4096, 1024, 1024}, TriadPeer, kTime, 1.3},
      {"gate", {64, 1024, 1024}, TriadPeer, kTime, 1.3},
      {"gate", {32768, 1024, 1024}, TriadPeer, kTime, 1.3},
  };
}

}  // namespace basisbench
