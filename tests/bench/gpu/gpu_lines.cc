// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/gpu/gpu_lines.h"

namespace basisbench {
namespace {

// 24 products for tiles of 4 x 4; random encoders cost what any others do.
const std::map<std::string, std::string>& Tiled() {
  static const auto& parameters = *new std::map<std::string, std::string>{
      {"tile", "4"}, {"rank", "24"}, {"init", "random"}, {"encoded", "1"}};
  return parameters;
}

}  // namespace

std::vector<GpuLine> GpuLines() {
  constexpr auto kSpeed = Figure::kSpeed;
  constexpr auto kTime = Figure::kTime;
  std::vector<GpuLine> lines;
  for (const int64_t n : {4096, 8192, 16384, 30720})
    lines.push_back({"matmul", {n, n, n}, Dtype::kBf16, GpuPeer::kBestGemm, kSpeed, 0.98});
  lines.push_back({"matmul", {8192, 8192, 8192}, Dtype::kF32, GpuPeer::kBestGemm, kSpeed, 0.98});
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBf16}) {
    for (const int64_t n : {256, 1024, 4096, 8192}) {
      const ProblemShape shape{(int64_t{1} << 26) / n, n, n};
      lines.push_back({"wht", shape, dtype, GpuPeer::kCopy, kTime, 1.2});
    }
    const ProblemShape wide{16384, 4096, 4096};
    lines.push_back({"gate", wide, dtype, GpuPeer::kCopy, kTime, 1.2});
    lines.push_back({"dwt", wide, dtype, GpuPeer::kCopy, kTime});
    lines.push_back({"dwt", wide, dtype, GpuPeer::kCopy, kTime, 0, false, {{"wavelet", "db4"}}});
    for (const int64_t n : {256, 1024, 4096}) {
      const ProblemShape shape{(int64_t{1} << 26) / n, n, n};
      lines.push_back({"butterfly", shape, dtype, GpuPeer::kCopy, kTime});
    }
    for (const char* name : {"monarch", "btt"}) {
      for (const int64_t n : {1024, 4096, 16384}) {
        lines.push_back({name, {16384, n, n}, dtype, GpuPeer::kBestGemm, kSpeed, 0.6, true});
      }
    }
  }
  for (const ProblemShape& shape : {ProblemShape{512, 768, 768}, ProblemShape{4096, 1024, 1024},
                                    ProblemShape{8192, 4096, 4096}})
    lines.push_back({"fnet", shape, Dtype::kF32, GpuPeer::kFft, kSpeed});
  for (const int64_t n : {8192, 16384}) {
    lines.push_back(
        {"stl", {n, n, n}, Dtype::kBf16, GpuPeer::kBestGemm, kSpeed, 1, false, Tiled()});
  }
  return lines;
}

std::vector<Challenger> Challengers() {
  return {{"wht"},     {"dwt"}, {"butterfly", {}, 4096}, {"fnet"},
          {"monarch"}, {"btt"}, {"stl", Tiled()}};
}

}  // namespace basisbench
