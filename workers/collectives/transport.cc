// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/transport.h"

namespace basisbench {

Request& Request::operator=(Request&& other) noexcept {
  if (this != &other) {
    Abandon();
    transport_ = std::exchange(other.transport_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

absl::StatusOr<bool> Request::Test() {
  if (transport_ == nullptr) return true;
  absl::StatusOr<bool> done = transport_->Test(id_);
  if (!done.ok() || *done) transport_ = nullptr;
  return done;
}

absl::Status Request::Wait() {
  if (transport_ == nullptr) return absl::OkStatus();
  return std::exchange(transport_, nullptr)->Wait(id_);
}

void Request::Abandon() {
  if (transport_ != nullptr) std::exchange(transport_, nullptr)->Abandon(id_);
}

}  // namespace basisbench
