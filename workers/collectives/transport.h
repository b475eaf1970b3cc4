// SPDX-License-Identifier: Apache-2.0
// Point-to-point messages between ranks: the only thing a backend has to provide; the collectives
// above are written once. Messages between two ranks with one tag arrive in the order they were
// started, and a receive must name the exact size of its message. One transport belongs to one
// thread. Every wait has the transport's deadline and ends in DEADLINE_EXCEEDED; when a peer is
// known to be gone it ends in ABORTED. After either, the transport is of no further use.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace basisbench {

class Transport;

// A started send or receive. The buffer must stay until it is done. Destroying an unfinished one
// gives it up: the transport will not touch the buffer again, as far as the backend allows that.
class Request {
 public:
  Request() = default;  // of nothing, done
  Request(Transport* transport, int id) : transport_(transport), id_(id) {}
  Request(Request&& other) noexcept { *this = std::move(other); }
  Request& operator=(Request&& other) noexcept;
  ~Request() { Abandon(); }

  absl::StatusOr<bool> Test();  // true when done; drives progress
  absl::Status Wait();

 private:
  void Abandon();

  Transport* transport_ = nullptr;
  int id_ = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // "local", "mpi".
  virtual std::string name() const = 0;

  // `bytes` > 0; `peer` is another rank.
  virtual absl::StatusOr<Request> StartSend(int peer, int tag, const void* data, int64_t bytes) = 0;
  virtual absl::StatusOr<Request> StartRecv(int peer, int tag, void* data, int64_t bytes) = 0;

 private:
  friend class Request;
  // By id of an unfinished request. The id is free again after true, OK, an error, or Abandon.
  virtual absl::StatusOr<bool> Test(int id) = 0;
  virtual absl::Status Wait(int id) = 0;
  virtual void Abandon(int id) = 0;
};

}  // namespace basisbench
