// SPDX-License-Identifier: Apache-2.0
#include "services/base/rpc/security.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "basisbench/v1/job.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
namespace pb = ::google::protobuf;
namespace health = ::grpc::health::v1;

class CountingJobs : public v1::JobService::Service {
 public:
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                      v1::GetJobResponse* response) override {
    ++calls;
    response->mutable_job()->set_id(request->job_id());
    return grpc::Status::OK;
  }
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*,
                        v1::ListJobsResponse* response) override {
    response->set_next_page_token(std::string(12 << 20, 'x'));
    return grpc::Status::OK;
  }
  std::atomic<int> calls{0};
};

class SecurityTest : public ::testing::Test {
 protected:
  SecurityTest() {
    char pattern[] = "/tmp/basisbench-rpc-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~SecurityTest() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    std::filesystem::remove_all(folder_);
  }

  std::string Write(const std::string& name, const std::string& contents) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << contents;
    return path;
  }

  // Makes NAME.key and a certificate NAME.crt for 127.0.0.1, signed by `authority` (itself when
  // empty).
  void MakeCertificate(const std::string& name, const std::string& authority) {
    const std::string key = absl::StrCat(folder_, "/", name, ".key");
    const std::string crt = absl::StrCat(folder_, "/", name, ".crt");
    std::string command =
        absl::StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ",
                     "-days 2 -subj /CN=", name, " -keyout ", key, " -out ", crt,
                     " -addext subjectAltName=IP:127.0.0.1,DNS:localhost");
    if (!authority.empty()) {
      absl::StrAppend(&command, " -CA ", folder_, "/", authority, ".crt -CAkey ", folder_, "/",
                      authority, ".key");
    }
    ASSERT_EQ(system(absl::StrCat(command, " >", folder_, "/openssl.log 2>&1").c_str()), 0);
  }
  std::string File(const std::string& name) { return absl::StrCat(folder_, "/", name); }

  void Serve(const SecurityOptions& options) {
    grpc::ServerBuilder builder;
    ASSERT_EQ(ConfigureServer(options, "127.0.0.1:0", builder, &port_), absl::OkStatus());
    builder.RegisterService(&jobs_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    ASSERT_GT(port_, 0);
  }

  std::shared_ptr<grpc::Channel> Connect(const SecurityOptions& options) {
    auto channel = MakeChannel(options, absl::StrCat("127.0.0.1:", port_));
    EXPECT_EQ(channel.status(), absl::OkStatus());
    return *channel;
  }

  grpc::Status Call(const SecurityOptions& options) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::GetJobRequest request;
    request.set_job_id("j1");
    v1::GetJobResponse response;
    return v1::JobService::NewStub(Connect(options))->GetJob(&context, request, &response);
  }

  std::string folder_;
  CountingJobs jobs_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(SecurityTest, PlainTextOnLoopbackNeedsNothing) {
  Serve({});
  EXPECT_TRUE(Call({}).ok());
}

TEST_F(SecurityTest, TheRightTokenIsAcceptedOnPlainTextLoopback) {
  SecurityOptions options;
  options.token_file = Write("token", "secret-1\n");
  Serve(options);
  const grpc::Status status = Call(options);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(jobs_.calls, 1);
}

TEST_F(SecurityTest, AWrongOrMissingTokenNeverReachesTheService) {
  SecurityOptions options;
  options.token_file = Write("token", "secret-1");
  Serve(options);
  for (const char* wrong : {"secret-2", "secret-", "secret-11", "x"}) {
    SecurityOptions other;
    other.token_file = Write("wrong", wrong);
    const grpc::Status status = Call(other);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
  }
  const grpc::Status missing = Call({});
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(missing.error_message(), HasSubstr("token"));
  EXPECT_EQ(jobs_.calls, 0);
}

TEST_F(SecurityTest, TlsIsVerifiedAgainstTheAuthorityGiven) {
  MakeCertificate("ca", "");
  MakeCertificate("server", "ca");
  MakeCertificate("stranger", "");
  SecurityOptions server;
  server.tls_certificate_file = File("server.crt");
  server.tls_key_file = File("server.key");
  server.token_file = Write("token", "secret-1");
  Serve(server);
  SecurityOptions client;
  client.tls_ca_file = File("ca.crt");
  client.token_file = server.token_file;
  const grpc::Status status = Call(client);
  EXPECT_TRUE(status.ok()) << status.error_message();
  client.token_file.clear();
  EXPECT_EQ(Call(client).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  client.tls_ca_file = File("stranger.crt");
  EXPECT_EQ(Call(client).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call({}).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(jobs_.calls, 1);
}

TEST_F(SecurityTest, MutualTlsTurnsAwayClientsWithoutACertificateOfTheAuthority) {
  MakeCertificate("ca", "");
  MakeCertificate("server", "ca");
  MakeCertificate("client", "ca");
  MakeCertificate("stranger", "");
  SecurityOptions server;
  server.tls_certificate_file = File("server.crt");
  server.tls_key_file = File("server.key");
  server.tls_ca_file = File("ca.crt");
  Serve(server);
  SecurityOptions client;
  client.tls_ca_file = File("ca.crt");
  EXPECT_EQ(Call(client).error_code(), grpc::StatusCode::UNAVAILABLE);
  client.tls_certificate_file = File("stranger.crt");
  client.tls_key_file = File("stranger.key");
  EXPECT_EQ(Call(client).error_code(), grpc::StatusCode::UNAVAILABLE);
  client.tls_certificate_file = File("client.crt");
  client.tls_key_file = File("client.key");
  const grpc::Status status = Call(client);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(SecurityTest, PlainTextBeyondLoopbackIsRefusedUnlessTheNetworkIsTrusted) {
  int port = 0;
  grpc::ServerBuilder builder;
  absl::Status status = ConfigureServer({}, "0.0.0.0:0", builder, &port);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("0.0.0.0:0"));
  EXPECT_EQ(MakeChannel({}, "coordinator:7070").status().code(),
            absl::StatusCode::kInvalidArgument);
  SecurityOptions trusting;
  trusting.insecure = true;
  EXPECT_TRUE(ConfigureServer(trusting, "0.0.0.0:0", builder, &port).ok());
  EXPECT_TRUE(MakeChannel(trusting, "coordinator:7070").ok());
}

TEST_F(SecurityTest, AFileThatCannotBeUsedIsNamed) {
  MakeCertificate("one", "");
  MakeCertificate("two", "");
  const std::string empty = Write("empty", "");
  const std::string spaced = Write("spaced", "two words");
  struct Row {
    SecurityOptions options;
    std::string named;
  };
  const std::vector<Row> rows = {
      {{"/no/such.crt", "/no/such.key", "", "", false}, "/no/such.crt"},
      {{File("one.crt"), "", "", "", false}, File("one.crt")},
      {{File("one.crt"), File("two.key"), "", "", false}, File("two.key")},
      {{File("one.key"), File("one.key"), "", "", false}, File("one.key")},
      {{File("one.crt"), File("one.crt"), "", "", false}, File("one.crt")},
      {{"", "", folder_, "", false}, folder_},
      {{"", "", "", "/no/token", false}, "/no/token"},
      {{"", "", "", empty, false}, empty},
      {{"", "", "", spaced, false}, spaced},
  };
  for (const Row& row : rows) {
    int port = 0;
    grpc::ServerBuilder builder;
    const absl::Status server = ConfigureServer(row.options, "127.0.0.1:0", builder, &port);
    const absl::Status client = MakeChannel(row.options, "127.0.0.1:1").status();
    EXPECT_EQ(server.code(), absl::StatusCode::kInvalidArgument) << row.named;
    EXPECT_THAT(std::string(server.message()), HasSubstr(row.named));
    EXPECT_EQ(client.code(), absl::StatusCode::kInvalidArgument) << row.named;
    EXPECT_THAT(std::string(client.message()), HasSubstr(row.named));
  }
}

TEST_F(SecurityTest, ASecondServerCannotShareThePort) {
  Serve({});
  grpc::ServerBuilder builder;
  int port = 0;
  ASSERT_TRUE(ConfigureServer({}, absl::StrCat("127.0.0.1:", port_), builder, &port).ok());
  CountingJobs other;
  builder.RegisterService(&other);
  EXPECT_EQ(builder.BuildAndStart(), nullptr);
}

TEST_F(SecurityTest, HealthIsServing) {
  Serve({});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  health::HealthCheckResponse response;
  const grpc::Status status = health::Health::NewStub(Connect({}))
                                  ->Check(&context, health::HealthCheckRequest(), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.status(), health::HealthCheckResponse::SERVING);
}

TEST_F(SecurityTest, MessagesOfTwelveMebibytesPass) {
  Serve({});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::ListJobsResponse response;
  const grpc::Status status =
      v1::JobService::NewStub(Connect({}))->ListJobs(&context, v1::ListJobsRequest(), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

// Speaks the reflection protocol through the descriptors that libgrpc++_reflection carries.
class ReflectionClient {
 public:
  explicit ReflectionClient(std::shared_ptr<grpc::Channel> channel) : channel_(channel) {}

  std::unique_ptr<pb::Message> Ask(const std::string& field, const std::string& value) {
    const std::string package = "grpc.reflection.v1alpha.";
    std::unique_ptr<pb::Message> request(
        factory_.GetPrototype(Find(package + "ServerReflectionRequest"))->New());
    request->GetReflection()->SetString(request.get(),
                                        request->GetDescriptor()->FindFieldByName(field), value);
    std::unique_ptr<pb::Message> response(
        factory_.GetPrototype(Find(package + "ServerReflectionResponse"))->New());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::internal::RpcMethod method(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        grpc::internal::RpcMethod::BIDI_STREAMING);
    std::unique_ptr<grpc::ClientReaderWriter<pb::Message, pb::Message>> stream(
        grpc::internal::ClientReaderWriterFactory<pb::Message, pb::Message>::Create(
            channel_.get(), method, &context));
    EXPECT_TRUE(stream->Write(*request));
    EXPECT_TRUE(stream->Read(response.get()));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return response;
  }

 private:
  static const pb::Descriptor* Find(const std::string& name) {
    return pb::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  }
  pb::DynamicMessageFactory factory_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(SecurityTest, ReflectionListsAndDescribesEveryService) {
  Serve({});
  ReflectionClient client(Connect({}));
  const std::string listed = client.Ask("list_services", "")->ShortDebugString();
  for (const std::string service : {"grpc.health.v1.Health", "basisbench.v1.JobService"}) {
    EXPECT_THAT(listed, HasSubstr(service));
    const std::string answer = client.Ask("file_containing_symbol", service)->ShortDebugString();
    EXPECT_THAT(answer, HasSubstr("file_descriptor_proto"));
    EXPECT_THAT(answer, ::testing::Not(HasSubstr("error_response")));
  }
}

}  // namespace
}  // namespace basisbench
