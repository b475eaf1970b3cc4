// SPDX-License-Identifier: Apache-2.0
// What the thread sanitizer is told in every test program: each suppression with its reason. They
// are all about libraries of the system that are not built with the sanitizer.
extern "C" {

// Libraries that are not built with the sanitizer (gRPC, OpenSSL, protobuf) free and copy memory in
// an order it cannot see: what they do themselves is left out, what our code does is not.
const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:second_deadlock_stack=1";
}

const char* __tsan_default_suppressions() {
  return
      // The reference count of a Status with a message is counted down partly inside abseil's
      // library, where the sanitizer does not see it: the last owner's delete looks unordered.
      "race:absl::*::Status::Unref\n"
      // gRPC hands an operation to its completion queue and counts a call's reactions in its
      // library, so what its headers prepare looks unordered with the thread that completes it, and
      // what the reactions touched with their deletion in OnDone. No code of ours runs below these.
      "race_top:grpc::\n"
      "race:grpc::internal::CallOpSet*::FinalizeResult\n"
      "race:grpc::internal::CallbackWithSuccessTag::Set\n"
      "race:grpc::internal::Callback*Impl::Read\n"
      "race:grpc::internal::Callback*Impl::Write\n"
      "race:grpc::internal::Callback*Impl::Finish\n"
      "race:grpc::internal::Callback*Impl::CallOnDone\n";
}

}  // extern "C"
