// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/nccl/nccl_communicator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/collectives/checks.h"
#include "workers/collectives/nccl/check.h"
#include "workers/collectives/nccl/nccl_batch.h"
#include "workers/collectives/traffic_model.h"

namespace basisbench {
namespace {

ncclDataType_t TypeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return ncclFloat32;
    case Dtype::kF64:
      return ncclFloat64;
    case Dtype::kBf16:
      return ncclBfloat16;
    default:
      return ncclFloat16;
  }
}

const std::byte* At(const void* data, Dtype dtype, int64_t element) {
  return static_cast<const std::byte*>(data) + element * DtypeSize(dtype);
}
std::byte* At(void* data, Dtype dtype, int64_t element) {
  return static_cast<std::byte*>(data) + element * DtypeSize(dtype);
}

// Equal pieces one after the other: what NCCL's own collectives take.
bool AreRegular(absl::Span<const Piece> pieces) {
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i].count != pieces[0].count) return false;
    if (pieces[i].offset != pieces[i - 1].offset + pieces[0].count) return false;
  }
  return pieces[0].count > 0;
}

double Seconds(const Clock& clock, absl::Time since) {
  return absl::ToDoubleSeconds(clock.Now() - since);
}

class NcclPending : public Pending {
 public:
  NcclPending(std::shared_ptr<NcclLink> link, std::shared_ptr<NcclBatch> batch)
      : link_(std::move(link)), batch_(std::move(batch)) {}
  ~NcclPending() override { static_cast<void>(Wait()); }

  absl::StatusOr<bool> Test() override { return batch_->Test(); }

  absl::Status Wait() override {
    const absl::Time start = link_->libraries.clock.Now();
    const absl::Status status = batch_->Wait();
    link_->traffic[static_cast<size_t>(Collective::kSendRecv)].seconds +=
        Seconds(link_->libraries.clock, start);
    return status;
  }

 private:
  const std::shared_ptr<NcclLink> link_;
  const std::shared_ptr<NcclBatch> batch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<NcclCommunicator>> NcclCommunicator::Make(
    std::shared_ptr<NcclLink> link, ncclComm_t comm, ncclResult_t answer) {
  auto owned = std::make_shared<NcclComm>(std::move(link), comm);
  BB_RETURN_IF_ERROR(owned->Settle(answer, "making an NCCL communicator"));
  auto made = std::unique_ptr<NcclCommunicator>(new NcclCommunicator(owned));
  NcclApi& nccl = made->nccl();
  BB_RETURN_IF_ERROR(
      CheckNccl(nccl, nccl.CommUserRank(owned->get(), &made->rank_), "ncclCommUserRank"));
  BB_RETURN_IF_ERROR(CheckNccl(nccl, nccl.CommCount(owned->get(), &made->size_), "ncclCommCount"));
  BB_RETURN_IF_ERROR(
      CheckCuda(owned->link().libraries.cuda.Malloc(&made->token_, sizeof(float)), "cudaMalloc"));
  return made;
}

NcclCommunicator::~NcclCommunicator() {
  if (token_ != nullptr) static_cast<void>(comm_->link().libraries.cuda.Free(token_));
}

absl::Status NcclCommunicator::Check(ncclResult_t code, absl::string_view call) const {
  return CheckNccl(nccl(), code, call);
}

absl::Status NcclCommunicator::Run(const TrafficTable& traffic, absl::string_view what,
                                   const std::function<absl::Status()>& issue) {
  BB_RETURN_IF_ERROR(comm_->NotBroken());
  NcclLink& link = comm_->link();
  const absl::Time start = link.libraries.clock.Now();
  AddTraffic(traffic, link.traffic);
  BB_RETURN_IF_ERROR(NcclBatch::Close(link));
  if (absl::Status issued = issue(); !issued.ok()) return comm_->Fail(std::move(issued));
  absl::StatusOr<Event> event = comm_->Mark();
  if (!event.ok()) return comm_->Fail(event.status());
  BB_RETURN_IF_ERROR(comm_->Wait(*std::move(event), what));
  for (size_t i = 0; i < traffic.size(); ++i) {
    if (traffic[i].calls > 0) link.traffic[i].seconds += Seconds(link.libraries.clock, start);
  }
  return absl::OkStatus();
}

absl::Status NcclCommunicator::AllGather(Dtype dtype, void* data, absl::Span<const Piece> pieces) {
  BB_RETURN_IF_ERROR(CheckPieces(pieces, size_));
  const ncclDataType_t type = TypeOf(dtype);
  return Run(AllGatherTraffic(dtype, pieces, rank_), "all_gather", [&] {
    if (AreRegular(pieces)) {
      return comm_->Settle(
          nccl().AllGather(At(data, dtype, pieces[static_cast<size_t>(rank_)].offset),
                           At(data, dtype, pieces[0].offset), static_cast<size_t>(pieces[0].count),
                           type, comm_->get(), stream()),
          "ncclAllGather");
    }
    return comm_->Grouped([&] {
      for (int root = 0; root < size_; ++root) {
        const Piece& piece = pieces[static_cast<size_t>(root)];
        if (piece.count == 0) continue;
        void* place = At(data, dtype, piece.offset);
        BB_RETURN_IF_ERROR(Check(nccl().Broadcast(place, place, static_cast<size_t>(piece.count),
                                                  type, root, comm_->get(), stream()),
                                 "ncclBroadcast"));
      }
      return absl::OkStatus();
    });
  });
}

absl::Status NcclCommunicator::ReduceScatter(Dtype dtype, void* data,
                                             absl::Span<const Piece> pieces) {
  BB_RETURN_IF_ERROR(CheckPieces(pieces, size_));
  const ncclDataType_t type = TypeOf(dtype);
  return Run(ReduceScatterTraffic(dtype, pieces, rank_), "reduce_scatter", [&] {
    if (AreRegular(pieces)) {
      return comm_->Settle(
          nccl().ReduceScatter(At(data, dtype, pieces[0].offset),
                               At(data, dtype, pieces[static_cast<size_t>(rank_)].offset),
                               static_cast<size_t>(pieces[0].count), type, ncclSum, comm_->get(),
                               stream()),
          "ncclReduceScatter");
    }
    return comm_->Grouped([&] {
      for (int root = 0; root < size_; ++root) {
        const Piece& piece = pieces[static_cast<size_t>(root)];
        if (piece.count == 0) continue;
        void* place = At(data, dtype, piece.offset);
        BB_RETURN_IF_ERROR(Check(nccl().Reduce(place, place, static_cast<size_t>(piece.count), type,
                                               ncclSum, root, comm_->get(), stream()),
                                 "ncclReduce"));
      }
      return absl::OkStatus();
    });
  });
}

absl::Status NcclCommunicator::AllReduce(Dtype dtype, void* data, int64_t count) {
  BB_RETURN_IF_ERROR(CheckElementCount(count));
  return Run(AllReduceTraffic(dtype, count, rank_, size_), "all_reduce", [&] {
    if (count == 0) return absl::OkStatus();
    return comm_->Settle(nccl().AllReduce(data, data, static_cast<size_t>(count), TypeOf(dtype),
                                          ncclSum, comm_->get(), stream()),
                         "ncclAllReduce");
  });
}

absl::Status NcclCommunicator::AllToAll(Dtype dtype, const void* send,
                                        absl::Span<const Piece> send_pieces, void* recv,
                                        absl::Span<const Piece> recv_pieces) {
  BB_RETURN_IF_ERROR(CheckAllToAll(send_pieces, recv_pieces, rank_, size_));
  const ncclDataType_t type = TypeOf(dtype);
  return Run(AllToAllTraffic(dtype, send_pieces, rank_), "all_to_all", [&]() -> absl::Status {
    const auto own = static_cast<size_t>(rank_);
    BB_RETURN_IF_ERROR(CopyOwn(At(send, dtype, send_pieces[own].offset),
                               send_pieces[own].count * DtypeSize(dtype),
                               At(recv, dtype, recv_pieces[own].offset)));
    return comm_->Grouped([&] {
      for (int peer = 0; peer < size_; ++peer) {
        if (peer == rank_) continue;
        const Piece& out = send_pieces[static_cast<size_t>(peer)];
        const Piece& in = recv_pieces[static_cast<size_t>(peer)];
        if (out.count > 0) {
          BB_RETURN_IF_ERROR(
              Check(nccl().Send(At(send, dtype, out.offset), static_cast<size_t>(out.count), type,
                                peer, comm_->get(), stream()),
                    "ncclSend"));
        }
        if (in.count == 0) continue;
        BB_RETURN_IF_ERROR(
            Check(nccl().Recv(At(recv, dtype, in.offset), static_cast<size_t>(in.count), type, peer,
                              comm_->get(), stream()),
                  "ncclRecv"));
      }
      return absl::OkStatus();
    });
  });
}

absl::Status NcclCommunicator::Broadcast(Dtype dtype, void* data, int64_t count, int root) {
  BB_RETURN_IF_ERROR(CheckElementCount(count));
  BB_RETURN_IF_ERROR(CheckRank("root", root, size_));
  return Run(BroadcastTraffic(dtype, count, rank_, size_, root), "broadcast", [&] {
    if (count == 0) return absl::OkStatus();
    return comm_->Settle(nccl().Broadcast(data, data, static_cast<size_t>(count), TypeOf(dtype),
                                          root, comm_->get(), stream()),
                         "ncclBroadcast");
  });
}

absl::StatusOr<std::unique_ptr<Pending>> NcclCommunicator::StartSendRecv(
    Dtype dtype, const void* send, int64_t send_count, int to, void* recv, int64_t recv_count,
    int from) {
  const int64_t send_bytes = to < 0 ? 0 : send_count * DtypeSize(dtype);
  const int64_t recv_bytes = from < 0 ? 0 : recv_count * DtypeSize(dtype);
  BB_RETURN_IF_ERROR(CheckSendRecv({rank_, size_, to, send_bytes, from, recv_bytes}));
  BB_RETURN_IF_ERROR(comm_->NotBroken());
  AddTraffic(SendRecvTraffic(dtype, send_count, rank_, to), comm_->link().traffic);
  BB_ASSIGN_OR_RETURN(std::shared_ptr<NcclBatch> batch, NcclBatch::Open(comm_));
  if (to == rank_) {
    absl::Status copied = CopyOwn(send, send_bytes, recv);
    if (!copied.ok()) return comm_->Fail(std::move(copied));
  } else {
    batch->Add({TypeOf(dtype), send, static_cast<size_t>(to < 0 ? 0 : send_count), to, recv,
                static_cast<size_t>(from < 0 ? 0 : recv_count), from});
  }
  return std::make_unique<NcclPending>(comm_->shared_link(), std::move(batch));
}

absl::Status NcclCommunicator::CopyOwn(const void* from, int64_t bytes, void* to) {
  if (bytes == 0 || from == to) return absl::OkStatus();
  return CheckCuda(comm_->link().libraries.cuda.MemcpyAsync(to, from, static_cast<size_t>(bytes),
                                                            cudaMemcpyDeviceToDevice, stream()),
                   "cudaMemcpyAsync");
}

absl::Status NcclCommunicator::Barrier() {
  return Run(TrafficTable{}, "barrier", [&] {
    return comm_->Settle(
        nccl().AllReduce(token_, token_, 1, ncclFloat32, ncclSum, comm_->get(), stream()),
        "ncclAllReduce");
  });
}

absl::StatusOr<std::unique_ptr<Communicator>> NcclCommunicator::Split(int color, int key) {
  if (color < 0)
    return absl::InvalidArgumentError(absl::StrCat("color is ", color, "; NCCL's start at 0"));
  BB_RETURN_IF_ERROR(comm_->NotBroken());
  BB_RETURN_IF_ERROR(NcclBatch::Close(comm_->link()));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t made = nullptr;
  // The parent reports when the child has been made.
  const ncclResult_t answer = nccl().CommSplit(comm_->get(), color, key, &made, &config);
  BB_RETURN_IF_ERROR(comm_->Settle(answer, "ncclCommSplit"));
  return Make(comm_->shared_link(), made, ncclInProgress);
}

}  // namespace basisbench
