// SPDX-License-Identifier: Apache-2.0
// The rank server over its real socket, with ranks that follow the protocol and with strangers that
// do not.
#include "workers/daemon/rank_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

const absl::Duration kPatience = absl::Seconds(30);

// Keeps the events as words, "hello 0", "case 0 7", ...
class Events : public RankEvents {
 public:
  void OnHello(const v1::RankHello& hello) override { Add(absl::StrCat("hello ", hello.rank())); }
  void OnCaseStarted(uint32_t rank, uint32_t index) override {
    Add(absl::StrCat("case ", rank, " ", index));
  }
  void OnProgress(const v1::Progress& progress) override {
    Add(absl::StrCat("progress ", progress.samples()));
  }
  void OnResult(const v1::CaseResult& result) override {
    Add(absl::StrCat("result ", result.case_().index()));
  }
  void OnActivity(const v1::RankActivity& activity) override {
    Add(absl::StrCat("activity ", activity.iterations()));
  }
  void OnDone(uint32_t rank) override { Add(absl::StrCat("done ", rank)); }
  void OnGone(uint32_t rank) override { Add(absl::StrCat("gone ", rank)); }

  bool Await(const std::string& word) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::find(words_.begin(), words_.end(), word) != words_.end();
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&there), kPatience);
  }
  std::vector<std::string> words() {
    absl::MutexLock lock(&mutex_);
    return words_;
  }

 private:
  void Add(std::string word) {
    absl::MutexLock lock(&mutex_);
    words_.push_back(std::move(word));
  }
  absl::Mutex mutex_;
  std::vector<std::string> words_ ABSL_GUARDED_BY(mutex_);
};

class Client {
 public:
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  bool connected() const { return connected_; }

  // A closed connection is no error here.
  void SendBytes(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void Send(const v1::RankMessage& message) { SendBytes(Frame(message.SerializeAsString())); }

  absl::StatusOr<v1::RankReply> Receive() {
    absl::StatusOr<std::string> payload = ReadFrame(fd_.get(), absl::Now() + kPatience);
    if (!payload.ok()) return payload.status();
    v1::RankReply reply;
    if (!reply.ParseFromString(*payload)) return absl::DataLossError("no reply");
    return reply;
  }
  // The server has hung up.
  bool AwaitEnd() {
    const absl::Time deadline = absl::Now() + kPatience;
    char byte;
    while (absl::Now() < deadline) {
      pollfd entry{fd_.get(), POLLIN, 0};
      if (::poll(&entry, 1, 1000) > 0 && ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT) <= 0)
        return true;
    }
    return false;
  }

 private:
  UniqueFd fd_;
  bool connected_ = false;
};

v1::RankMessage HelloOf(uint32_t rank, uint32_t ranks = 2, uint32_t local = 0) {
  v1::RankMessage message;
  message.mutable_hello()->set_attempt_id("a1");
  message.mutable_hello()->set_rank(rank);
  message.mutable_hello()->set_ranks(ranks);
  message.mutable_hello()->set_local_rank(local);
  return message;
}

class RankServerTest : public testing::Test {
 protected:
  void SetUp() override {
    RankServerOptions options;
    options.socket_path = folder_.path() + "/s";
    options.attempt_id = "a1";
    options.worker = "w1";
    options.slots = {{{0, 1}, "GPU-a", 1000}, {{2, 3}, "GPU-b", 2000}};
    options_ = options;
    auto server = RankServer::Start(options, &events_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }
  const std::string& path() const { return options_.socket_path; }

  ScratchFolder folder_;
  Events events_;
  RankServerOptions options_;
  std::unique_ptr<RankServer> server_;
};

TEST_F(RankServerTest, ARankIsToldItsPlaceAndRankZeroTheWork) {
  v1::Assignment work;
  work.set_job_id("j1");
  server_->SetWork(work);
  Client zero(path());
  zero.Send(HelloOf(0));
  const auto told = zero.Receive();
  ASSERT_THAT(told, IsOk());
  EXPECT_THAT(told->assignment().cpus(), ElementsAre(0u, 1u));
  EXPECT_EQ(told->assignment().worker(), "w1");
  EXPECT_EQ(told->assignment().memory_bytes(), 1000);
  EXPECT_EQ(told->assignment().gpu(), "GPU-a");
  EXPECT_EQ(told->assignment().work().job_id(), "j1");
  Client one(path());
  one.Send(HelloOf(1, 2, 1));
  const auto other = one.Receive();
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(other->assignment().cpus(), ElementsAre(2u, 3u));
  EXPECT_EQ(other->assignment().gpu(), "GPU-b");
  EXPECT_FALSE(other->assignment().has_work());
}

TEST_F(RankServerTest, EventsArriveInOrderAndRecordsAreAcknowledged) {
  Client client(path());
  client.Send(HelloOf(1));
  ASSERT_THAT(client.Receive(), IsOk());
  v1::RankMessage message;
  message.mutable_case_started()->set_case_index(7);
  client.Send(message);
  message.mutable_progress()->set_samples(3);
  client.Send(message);
  message.mutable_activity()->set_iterations(5);
  client.Send(message);
  message.mutable_result()->mutable_case_()->set_index(7);
  client.Send(message);
  const auto taken = client.Receive();
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(taken->result_taken().case_index(), 7u);
  message.mutable_done();
  client.Send(message);
  ASSERT_TRUE(events_.Await("done 1"));
  EXPECT_THAT(events_.words(),
              ElementsAre("hello 1", "case 1 7", "progress 3", "activity 5", "result 7", "done 1"));
}

TEST_F(RankServerTest, ARankThatLeavesIsGone) {
  {
    Client client(path());
    client.Send(HelloOf(1));
    ASSERT_TRUE(events_.Await("hello 1"));
  }
  EXPECT_TRUE(events_.Await("gone 1"));
  auto stays = std::make_unique<Client>(path());
  stays->Send(HelloOf(1, 3));
  ASSERT_THAT(stays->Receive(), IsOk());
  server_.reset();
  EXPECT_TRUE(stays->AwaitEnd());
  EXPECT_THAT(events_.words(), ElementsAre("hello 1", "gone 1", "hello 1", "gone 1"));
}

TEST_F(RankServerTest, WhoBreaksTheProtocolIsHungUpOn) {
  v1::RankMessage early;
  early.mutable_done();
  v1::RankMessage foreign = HelloOf(1);
  foreign.mutable_hello()->set_attempt_id("a2");
  const std::vector<std::string> openings = {
      Frame(early.SerializeAsString()),
      Frame(foreign.SerializeAsString()),
      Frame(HelloOf(2, 2).SerializeAsString()),
      Frame(HelloOf(1, 2, 2).SerializeAsString()),
      Frame(HelloOf(0).SerializeAsString()),  // no work was assigned here
      Frame(""),
      Frame("\xff\xff\xff"),
      std::string("\xff\xff\xff\xff", 4)};
  for (size_t i = 0; i < openings.size(); ++i) {
    Client client(path());
    ASSERT_TRUE(client.connected());
    client.SendBytes(openings[i]);
    EXPECT_TRUE(client.AwaitEnd()) << "opening " << i;
  }
  EXPECT_TRUE(events_.words().empty()) << "nobody heard of them";
  Client twice(path());
  twice.Send(HelloOf(1));
  ASSERT_THAT(twice.Receive(), IsOk());
  twice.Send(HelloOf(1));
  EXPECT_TRUE(twice.AwaitEnd());
  EXPECT_TRUE(events_.Await("gone 1"));
}

TEST_F(RankServerTest, GarbageDisturbsNobodyElse) {
  Client good(path());
  good.Send(HelloOf(1));
  ASSERT_THAT(good.Receive(), IsOk());
  std::mt19937 random(8);
  for (int i = 0; i < 200; ++i) {
    Client stranger(path());
    std::string bytes(random() % 2000, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    stranger.SendBytes(bytes);
  }
  Client half(path());
  half.SendBytes(absl::string_view("\x20\0\0\0half", 8));
  v1::RankMessage result;
  result.mutable_result()->mutable_case_()->set_index(3);
  good.Send(result);
  const auto taken = good.Receive();
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(taken->result_taken().case_index(), 3u);
  EXPECT_THAT(events_.words(), ElementsAre("hello 1", "result 3"));
}

TEST_F(RankServerTest, TheSocketIsForTheOwnerAndGoesWithTheServer) {
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  server_.reset();
  EXPECT_NE(::stat(path().c_str(), &info), 0);
}

TEST_F(RankServerTest, ASecondServerOnThePathFailsAndLeavesTheFirst) {
  EXPECT_THAT(RankServer::Start(options_, &events_), Fails(absl::StatusCode::kUnavailable, path()));
  Client client(path());
  ASSERT_TRUE(client.connected());
  client.Send(HelloOf(1));
  EXPECT_THAT(client.Receive(), IsOk());
}

TEST_F(RankServerTest, APathThatIsTooLongIsNamed) {
  RankServerOptions options = options_;
  options.socket_path = "/tmp/" + std::string(120, 's');
  EXPECT_THAT(RankServer::Start(options, &events_),
              Fails(absl::StatusCode::kInvalidArgument, "has 125 characters; at most 107"));
}

}  // namespace
}  // namespace basisbench
