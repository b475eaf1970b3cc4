// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "tests/bench/operators/peers.h"

namespace basisbench {
namespace {

[[gnu::optimize("O3")]] void Triad(const float* x, const float* w, float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] + 3.0F * w[i];
}

}  // namespace

std::shared_ptr<Buffer> Room(const PeerContext& c, int64_t elements) {
  auto buffer = c.device.Allocate(elements * DtypeSize(c.dtype()));
  Expect(buffer.status());
  return std::make_shared<Buffer>(*std::move(buffer));
}

Peer CopyPeer(const PeerContext& c) {
  const int64_t count = c.shape().tokens * c.shape().d_in, bytes = count * DtypeSize(c.dtype());
  auto y = Room(c, count);
  const void* x = c.subject.Input<void>("x");
  return {"memcpy of X", [=] { std::memcpy(y->data(), x, bytes); }};
}

Peer LeastBytesPeer(const PeerContext& c) {
  const double moved = c.subject.op->Cost(c.subject.problem).bytes_min;
  const int64_t count = static_cast<int64_t>(moved / 2) / DtypeSize(c.dtype());
  const int64_t bytes = count * DtypeSize(c.dtype());
  auto from = Room(c, count), to = Room(c, count);
  std::memset(from->data(), 1, bytes);
  return {"memcpy of as many bytes", [=] { std::memcpy(to->data(), from->data(), bytes); }};
}

Peer TriadPeer(const PeerContext& c) {
  const int64_t count = c.shape().tokens * c.shape().d_in;
  auto y = Room(c, count);
  const float *x = c.subject.Input("x"), *w = c.subject.Input("w");
  return {"plain loop y = x + 3 w", [=] { Triad(x, w, y->as<float>(), count); }};
}

Peer HalvesPeer(const PeerContext& c) {
  const int64_t count = c.shape().tokens * c.shape().d_out;
  auto y = Room(c, count);
  const float* x = c.subject.Input("x");
  return {"plain loop y = x + 3 w over two halves of x",
          [=] { Triad(x, x + count, y->as<float>(), count); }};
}

}  // namespace basisbench
