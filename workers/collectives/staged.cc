// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/staged.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// What a communicator and those split off from it share.
struct Stage {
  Stage(Device& copies, HostAllocator host) : device(copies), allocate(std::move(host)) {}

  Device& device;
  const HostAllocator allocate;
  std::vector<Buffer> idle;
  std::array<absl::Duration, kCollectiveCount> copying = {};
  TrafficTable traffic = {};  // as it was last asked for
};

// Host memory while a call uses it.
class Loan {
 public:
  explicit Loan(std::shared_ptr<Stage> stage) : stage_(std::move(stage)) {}
  Loan(Loan&&) = default;
  Loan& operator=(Loan&&) = delete;
  ~Loan() {
    if (stage_ != nullptr && buffer_.bytes() > 0) stage_->idle.push_back(std::move(buffer_));
  }

  // The smallest idle one that is large enough, or a new one in place of the largest.
  absl::Status Take(int64_t bytes) {
    std::vector<Buffer>& idle = stage_->idle;
    std::sort(idle.begin(), idle.end(),
              [](const Buffer& a, const Buffer& b) { return a.bytes() < b.bytes(); });
    const auto fits = std::find_if(idle.begin(), idle.end(), [bytes](const Buffer& buffer) {
      return buffer.bytes() >= bytes;
    });
    if (fits != idle.end()) {
      buffer_ = std::move(*fits);
      idle.erase(fits);
      return absl::OkStatus();
    }
    if (!idle.empty()) idle.pop_back();
    BB_ASSIGN_OR_RETURN(buffer_, stage_->allocate(std::max<int64_t>(bytes, 1)));
    return absl::OkStatus();
  }

  std::byte* data() { return buffer_.data(); }

 private:
  std::shared_ptr<Stage> stage_;
  Buffer buffer_;
};

// A buffer of a call in the memory of the device, and its copy from its first piece on.
struct Mirrored {
  int64_t size = 0;  // of an element (bytes)
  std::byte* device = nullptr;
  std::byte* host = nullptr;
  int64_t first = 0;  // element that the copy begins with

  std::byte* HostBase() const { return host - first * size; }
};

struct Extent {
  int64_t first = 0, end = 0;
};

Extent ExtentOf(absl::Span<const Piece> pieces) {
  Extent extent;
  bool any = false;
  for (const Piece& piece : pieces) {
    if (piece.count == 0) continue;
    const int64_t end = piece.offset + piece.count;
    extent.first = any ? std::min(extent.first, piece.offset) : piece.offset;
    extent.end = any ? std::max(extent.end, end) : end;
    any = true;
  }
  return extent;
}

int64_t BytesOf(const Extent& extent, int64_t size) { return (extent.end - extent.first) * size; }

class StagedCommunicator : public Communicator {
 public:
  StagedCommunicator(std::shared_ptr<Stage> stage, std::unique_ptr<Communicator> transport)
      : stage_(std::move(stage)), transport_(std::move(transport)) {}

  int rank() const override { return transport_->rank(); }
  int size() const override { return transport_->size(); }
  std::string backend() const override { return transport_->backend(); }

  absl::Status AllGather(Dtype dtype, void* data, absl::Span<const Piece> pieces) override;
  absl::Status ReduceScatter(Dtype dtype, void* data, absl::Span<const Piece> pieces) override;
  absl::Status AllReduce(Dtype dtype, void* data, int64_t count) override;
  absl::Status AllToAll(Dtype dtype, const void* send, absl::Span<const Piece> send_pieces,
                        void* recv, absl::Span<const Piece> recv_pieces) override;
  absl::Status Broadcast(Dtype dtype, void* data, int64_t count, int root) override;
  absl::StatusOr<std::unique_ptr<Pending>> StartSendRecv(Dtype dtype, const void* send,
                                                         int64_t send_count, int to, void* recv,
                                                         int64_t recv_count, int from) override;
  absl::Status Barrier() override { return transport_->Barrier(); }
  absl::StatusOr<std::unique_ptr<Communicator>> Split(int color, int key) override;
  const TrafficTable& traffic() const override;

 private:
  const std::shared_ptr<Stage> stage_;
  const std::unique_ptr<Communicator> transport_;
};

// Copies, with their time.
class Copies {
 public:
  Copies(Stage& stage, Collective collective)
      : device_(stage.device), spent_(stage.copying[static_cast<size_t>(collective)]) {}

  absl::Status Bring(const Mirrored& buffer, absl::Span<const Piece> pieces) {
    return Each(pieces, [&](const Piece& piece) {
      const int64_t at = piece.offset * buffer.size;
      return device_.Download(buffer.device + at, piece.count * buffer.size,
                              buffer.HostBase() + at);
    });
  }
  absl::Status TakeBack(const Mirrored& buffer, absl::Span<const Piece> pieces) {
    return Each(pieces, [&](const Piece& piece) {
      const int64_t at = piece.offset * buffer.size;
      return device_.Upload(buffer.HostBase() + at, piece.count * buffer.size, buffer.device + at);
    });
  }

 private:
  absl::Status Each(absl::Span<const Piece> pieces,
                    const std::function<absl::Status(const Piece&)>& copy) {
    const absl::Time begin = absl::Now();
    for (const Piece& piece : pieces) {
      if (piece.count > 0) BB_RETURN_IF_ERROR(copy(piece));
    }
    spent_ += absl::Now() - begin;
    return absl::OkStatus();
  }

  Device& device_;
  absl::Duration& spent_;
};

// All pieces but one.
std::vector<Piece> Others(absl::Span<const Piece> pieces, int rank) {
  std::vector<Piece> others(pieces.begin(), pieces.end());
  others[static_cast<size_t>(rank)].count = 0;
  return others;
}

absl::Status StagedCommunicator::AllGather(Dtype dtype, void* data,
                                           absl::Span<const Piece> pieces) {
  const int64_t size = DtypeSize(dtype);
  const Extent extent = ExtentOf(pieces);
  Loan host(stage_);
  BB_RETURN_IF_ERROR(host.Take(BytesOf(extent, size)));
  const Mirrored all{size, static_cast<std::byte*>(data), host.data(), extent.first};
  Copies copies(*stage_, Collective::kAllGather);
  BB_RETURN_IF_ERROR(copies.Bring(all, pieces.subspan(static_cast<size_t>(rank()), 1)));
  BB_RETURN_IF_ERROR(transport_->AllGather(dtype, all.HostBase(), pieces));
  return copies.TakeBack(all, Others(pieces, rank()));
}

absl::Status StagedCommunicator::ReduceScatter(Dtype dtype, void* data,
                                               absl::Span<const Piece> pieces) {
  const int64_t size = DtypeSize(dtype);
  const Extent extent = ExtentOf(pieces);
  Loan host(stage_);
  BB_RETURN_IF_ERROR(host.Take(BytesOf(extent, size)));
  const Mirrored all{size, static_cast<std::byte*>(data), host.data(), extent.first};
  Copies copies(*stage_, Collective::kReduceScatter);
  BB_RETURN_IF_ERROR(copies.Bring(all, pieces));
  BB_RETURN_IF_ERROR(transport_->ReduceScatter(dtype, all.HostBase(), pieces));
  return copies.TakeBack(all, pieces.subspan(static_cast<size_t>(rank()), 1));
}

absl::Status StagedCommunicator::AllReduce(Dtype dtype, void* data, int64_t count) {
  const int64_t size = DtypeSize(dtype);
  Loan host(stage_);
  BB_RETURN_IF_ERROR(host.Take(count * size));
  const Mirrored all{size, static_cast<std::byte*>(data), host.data()};
  const Piece whole{0, count};
  Copies copies(*stage_, Collective::kAllReduce);
  BB_RETURN_IF_ERROR(copies.Bring(all, {&whole, 1}));
  BB_RETURN_IF_ERROR(transport_->AllReduce(dtype, host.data(), count));
  return copies.TakeBack(all, {&whole, 1});
}

absl::Status StagedCommunicator::AllToAll(Dtype dtype, const void* send,
                                          absl::Span<const Piece> send_pieces, void* recv,
                                          absl::Span<const Piece> recv_pieces) {
  const int64_t size = DtypeSize(dtype);
  const Extent sent = ExtentOf(send_pieces), received = ExtentOf(recv_pieces);
  Loan send_host(stage_), recv_host(stage_);
  BB_RETURN_IF_ERROR(send_host.Take(BytesOf(sent, size)));
  BB_RETURN_IF_ERROR(recv_host.Take(BytesOf(received, size)));
  auto* from = static_cast<std::byte*>(const_cast<void*>(send));
  const Mirrored out{size, from, send_host.data(), sent.first};
  const Mirrored in{size, static_cast<std::byte*>(recv), recv_host.data(), received.first};
  Copies copies(*stage_, Collective::kAllToAll);
  BB_RETURN_IF_ERROR(copies.Bring(out, send_pieces));
  BB_RETURN_IF_ERROR(
      transport_->AllToAll(dtype, out.HostBase(), send_pieces, in.HostBase(), recv_pieces));
  return copies.TakeBack(in, recv_pieces);
}

absl::Status StagedCommunicator::Broadcast(Dtype dtype, void* data, int64_t count, int root) {
  const int64_t size = DtypeSize(dtype);
  Loan host(stage_);
  BB_RETURN_IF_ERROR(host.Take(count * size));
  const Mirrored all{size, static_cast<std::byte*>(data), host.data()};
  const Piece whole{0, count};
  Copies copies(*stage_, Collective::kBroadcast);
  if (rank() == root) BB_RETURN_IF_ERROR(copies.Bring(all, {&whole, 1}));
  BB_RETURN_IF_ERROR(transport_->Broadcast(dtype, host.data(), count, root));
  return rank() == root ? absl::OkStatus() : copies.TakeBack(all, {&whole, 1});
}

// Holds the copies until the transport is done with them.
class StagedPending : public Pending {
 public:
  StagedPending(std::shared_ptr<Stage> stage, Loan send, Loan recv, Mirrored in, int64_t count)
      : stage_(std::move(stage)),
        send_(std::move(send)),
        recv_(std::move(recv)),
        in_(in),
        received_{0, count} {}
  ~StagedPending() override { (void)Wait(); }

  void Started(std::unique_ptr<Pending> pending) { pending_ = std::move(pending); }

  absl::StatusOr<bool> Test() override {
    if (pending_ == nullptr) return true;
    BB_ASSIGN_OR_RETURN(const bool done, pending_->Test());
    if (done) BB_RETURN_IF_ERROR(Finish());
    return done;
  }
  absl::Status Wait() override {
    if (pending_ == nullptr) return absl::OkStatus();
    const absl::Status waited = pending_->Wait();
    if (waited.ok()) return Finish();
    pending_ = nullptr;
    return waited;
  }

 private:
  absl::Status Finish() {
    pending_ = nullptr;
    return Copies(*stage_, Collective::kSendRecv).TakeBack(in_, {&received_, 1});
  }

  const std::shared_ptr<Stage> stage_;
  Loan send_, recv_;
  const Mirrored in_;
  const Piece received_;
  std::unique_ptr<Pending> pending_;  // null once finished; goes before the copies do
};

absl::StatusOr<std::unique_ptr<Pending>> StagedCommunicator::StartSendRecv(
    Dtype dtype, const void* send, int64_t send_count, int to, void* recv, int64_t recv_count,
    int from) {
  const int64_t size = DtypeSize(dtype);
  const Piece sent{0, to < 0 ? 0 : send_count};
  const int64_t received = from < 0 ? 0 : recv_count;
  Loan send_host(stage_), recv_host(stage_);
  BB_RETURN_IF_ERROR(send_host.Take(sent.count * size));
  BB_RETURN_IF_ERROR(recv_host.Take(received * size));
  auto* first = static_cast<std::byte*>(const_cast<void*>(send));
  const Mirrored out{size, first, send_host.data()};
  const Mirrored in{size, static_cast<std::byte*>(recv), recv_host.data()};
  BB_RETURN_IF_ERROR(Copies(*stage_, Collective::kSendRecv).Bring(out, {&sent, 1}));
  auto pending = std::make_unique<StagedPending>(stage_, std::move(send_host), std::move(recv_host),
                                                 in, received);
  BB_ASSIGN_OR_RETURN(
      std::unique_ptr<Pending> inner,
      transport_->StartSendRecv(dtype, out.host, send_count, to, in.host, recv_count, from));
  pending->Started(std::move(inner));
  return pending;
}

absl::StatusOr<std::unique_ptr<Communicator>> StagedCommunicator::Split(int color, int key) {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> part, transport_->Split(color, key));
  return std::make_unique<StagedCommunicator>(stage_, std::move(part));
}

const TrafficTable& StagedCommunicator::traffic() const {
  TrafficTable& traffic = stage_->traffic;
  traffic = transport_->traffic();
  for (size_t i = 0; i < traffic.size(); ++i)
    traffic[i].seconds += absl::ToDoubleSeconds(stage_->copying[i]);
  return traffic;
}

}  // namespace

absl::StatusOr<Buffer> AllocatePageable(int64_t bytes) {
  void* data = ::operator new(static_cast<size_t>(bytes), std::nothrow);
  if (data == nullptr)
    return absl::ResourceExhaustedError(absl::StrCat("no ", bytes, " bytes of host memory"));
  return Buffer(data, bytes, [](void* memory) { ::operator delete(memory); });
}

std::unique_ptr<Communicator> MakeStagedCommunicator(Device& device,
                                                     std::unique_ptr<Communicator> transport,
                                                     HostAllocator allocate) {
  return std::make_unique<StagedCommunicator>(std::make_shared<Stage>(device, std::move(allocate)),
                                              std::move(transport));
}

}  // namespace basisbench
