// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_stream.h"

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/service_support.h"

namespace basisbench {
namespace {

using Stream = grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>;

// A client's end of Attach.
struct Caller {
  explicit Caller(ServiceWorld& service) : stub(service.Workers()) {
    LimitTime(context);
    stream = stub->Attach(&context);
  }
  ~Caller() { context.TryCancel(); }
  bool Register(const v1::Register& registration) {
    v1::AttachRequest message;
    *message.mutable_register_() = registration;
    v1::AttachResponse answer;
    return stream->Write(message) && stream->Read(&answer) && answer.has_registered();
  }
  absl::Status End() {
    v1::AttachResponse message;
    while (stream->Read(&message)) {
    }
    return FromGrpc(stream->Finish());
  }

  std::unique_ptr<v1::WorkerService::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<Stream> stream;
};

class WorkerStreamTest : public testing::Test {
 protected:
  // Waits for the worker to be gone or there.
  bool Listed(const std::string& state) {
    for (int i = 0; i < 3000; ++i) {
      const auto listed = service_.world().director().ListWorkers({});
      const std::string now =
          listed->workers().empty() ? "" : v1::WorkerState_Name(listed->workers(0).state());
      if (now == state) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }

  ServiceWorld service_;
};

TEST_F(WorkerStreamTest, AStreamThatDoesNotRegisterInTimeIsCutOff) {
  Caller silent(service_);
  EXPECT_THAT(silent.End(), Fails(absl::StatusCode::kDeadlineExceeded, "register: was not sent"));
}

TEST_F(WorkerStreamTest, TheFirstMessageMustRegister) {
  Caller rude(service_);
  v1::AttachRequest message;
  message.mutable_keep_alive();
  ASSERT_TRUE(rude.stream->Write(message));
  EXPECT_THAT(rude.End(), Fails(absl::StatusCode::kInvalidArgument, "register: must be the first"));
  Caller wrong(service_);
  *message.mutable_register_() = RegistrationOf("w/1", 1);
  ASSERT_TRUE(wrong.stream->Write(message));
  EXPECT_THAT(wrong.End(), Fails(absl::StatusCode::kInvalidArgument, "register.worker: 'w/1'"));
}

TEST_F(WorkerStreamTest, ASecondDaemonOfTheNameIsToldSo) {
  Caller first(service_);
  ASSERT_TRUE(first.Register(RegistrationOf("w1", 1)));
  Caller second(service_);
  EXPECT_FALSE(second.Register(RegistrationOf("w1", 1, {}, "2")));
  EXPECT_THAT(second.End(), Fails(absl::StatusCode::kAlreadyExists, "'w1'"));
}

TEST_F(WorkerStreamTest, TheEndOfTheStreamIsNoticed) {
  {
    Caller caller(service_);
    ASSERT_TRUE(caller.Register(RegistrationOf("w1", 1)));
    EXPECT_TRUE(Listed("WORKER_STATE_READY"));
    caller.stream->WritesDone();
    EXPECT_THAT(caller.End(), IsOk());
  }
  EXPECT_TRUE(Listed("WORKER_STATE_DISCONNECTED"));
  {
    Caller caller(service_);
    ASSERT_TRUE(caller.Register(RegistrationOf("w1", 1)));
    EXPECT_TRUE(Listed("WORKER_STATE_READY"));
  }  // cancelled
  EXPECT_TRUE(Listed("WORKER_STATE_DISCONNECTED"));
}

TEST_F(WorkerStreamTest, RecordsThatWaitForTheStoreStopTheReading) {
  Caller flood(service_);
  ASSERT_TRUE(flood.Register(RegistrationOf("w1", 1)));
  const NewJob job = service_.world().Submit("j1", {1});
  absl::Notification held_up;
  absl::Notification go_on;
  service_.world().store().Apply(
      [&](Database&) {
        held_up.Notify();
        go_on.WaitForNotification();
        return absl::OkStatus();
      },
      [](absl::Status) {});
  held_up.WaitForNotification();
  // 4 MiB each: the bound of 64 MiB, what HTTP/2 holds, and no more. The rest waits at the sender.
  v1::AttachRequest record = ResultOf("j1-1", job, 0);
  record.mutable_result()->mutable_result()->set_reproduce(std::string(4 << 20, 'r'));
  constexpr int kMessages = 60, kLetIn = 16;
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; i < kMessages && flood.stream->Write(record); ++i) ++written;
  });
  // Until it has been stuck for a while, with as many as the bound lets in.
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  int before = -1;
  for (int same = 0; (same < 20 || before < kLetIn) && before < kMessages;) {
    ASSERT_LT(absl::Now(), deadline) << "the bound lets in " << before << " messages only";
    absl::SleepFor(absl::Milliseconds(20));
    same = written == before ? same + 1 : 0;
    before = written;
  }
  EXPECT_LT(written, 40) << "everything was taken into memory";
  go_on.Notify();
  writer.join();
  EXPECT_EQ(written, kMessages) << "reading did not go on";
  int acknowledged = 0;
  v1::AttachResponse message;
  while (acknowledged < kMessages && flood.stream->Read(&message))
    acknowledged += message.has_acknowledged() ? 1 : 0;
  EXPECT_EQ(acknowledged, kMessages);
}

TEST_F(WorkerStreamTest, APeerThatNeverReadsIsCutOff) {
  Caller deaf(service_);
  v1::AttachRequest message;
  *message.mutable_register_() = RegistrationOf("w1", 1);
  ASSERT_TRUE(deaf.stream->Write(message));
  ASSERT_TRUE(Listed("WORKER_STATE_READY"));
  const CheckTarget target = service_.world().director().View(kCpuMpi).checker;
  ASSERT_NE(target.link, nullptr);
  v1::AttachResponse large;
  large.mutable_abort()->set_reason(std::string(4 << 20, 'r'));
  for (int i = 0; i < 30; ++i) target.link->Send(large);
  EXPECT_TRUE(Listed("WORKER_STATE_DISCONNECTED"));
}

}  // namespace
}  // namespace basisbench
