// SPDX-License-Identifier: Apache-2.0
// What a user would run instead of an operator: library calls and plain loops on the operands of
// its plan, on one thread. Where a peer computes the same map its result is compared with the
// operator's before anything is timed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/bench/operators/subject.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/devices/device.h"

namespace basisbench {

struct Peer {
  std::string name;
  std::function<void()> run;
  // What it leaves, N x M without gaps, where that is the operator's result; null otherwise.
  const void* y = nullptr;
};

struct PeerContext {
  const Subject& subject;
  Device& device;
  const OpenBlas& blas;

  const ProblemShape& shape() const { return subject.problem.shape; }
  Dtype dtype() const { return subject.problem.dtype; }
};

// Ends the program where it cannot be made.
using MakePeer = Peer (*)(const PeerContext& context);

// Memory for what a peer works on, as long as its body lives.
std::shared_ptr<Buffer> Room(const PeerContext& context, int64_t elements);

// Matrix products: the operator's own operands in one call, a dense matrix of the same shape, the
// factors' calls one after the other.
Peer GemmPeer(const PeerContext& context);
Peer DenseGemmPeer(const PeerContext& context);
Peer TokenGemmPeer(const PeerContext& context);
Peer TwoGemmsPeer(const PeerContext& context);
Peer BlockGemmsPeer(const PeerContext& context);

// Attention as products over whole heads.
Peer SoftmaxGemmsPeer(const PeerContext& context);
Peer LinearGemmsPeer(const PeerContext& context);

// FFTW, a row after the other.
Peer FnetPeer(const PeerContext& context);
Peer CosinePeer(const PeerContext& context);
Peer HartleyPeer(const PeerContext& context);
Peer CosineChainPeer(const PeerContext& context);
Peer CirculantPeer(const PeerContext& context);
Peer ToeplitzPeer(const PeerContext& context);
Peer PolynomialPeer(const PeerContext& context);
Peer LongConvolutionPeer(const PeerContext& context);
Peer DisplacementPeer(const PeerContext& context);

// Passes over memory: X to Y, the least bytes of the operator, and a loop over three arrays.
Peer CopyPeer(const PeerContext& context);
Peer LeastBytesPeer(const PeerContext& context);
Peer TriadPeer(const PeerContext& context);
Peer HalvesPeer(const PeerContext& context);

}  // namespace basisbench
