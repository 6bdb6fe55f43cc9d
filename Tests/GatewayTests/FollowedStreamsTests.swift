import DaybookModel
import Testing

@testable import Gateway

@Suite("streams that a loop's sessions follow")
struct FollowedStreamsTests {
  let alice = StreamKey.user(UserID(checked: "alice"))
  let bob = StreamKey.user(UserID(checked: "bob"))
  let followed = FollowedStreams()

  func slot(of stream: StreamKey, _ seq: Seq = Seq(1), _ kind: EventKind = .messageSent)
    -> EventSlot
  {
    EventSlot(
      start: 0, length: 0, stream: stream.fingerprint, conversation: 0, seq: seq, messageID: .none,
      kind: kind)
  }

  @Test("a loop wants what somebody on it follows, for as long as somebody does")
  func following() {
    #expect(!followed.mayWant([slot(of: alice)]))
    followed.add(alice)
    followed.add(alice)
    #expect(followed.mayWant([slot(of: bob), slot(of: alice)]))
    #expect(!followed.mayWant([slot(of: bob)]))
    followed.remove(alice)
    #expect(followed.mayWant([slot(of: alice)]))
    followed.remove(alice)
    #expect(!followed.mayWant([slot(of: alice)]))
    followed.remove(alice)
    #expect(!followed.mayWant([slot(of: alice)]))
  }

  @Test("acks and other events that nobody is pushed wake nobody, but for a leave without a seq")
  func unsequenced() {
    let leave = slot(of: bob, .none, .memberLeft)
    #expect(!followed.mayWant([leave]))
    followed.add(alice)
    #expect(!followed.mayWant([slot(of: alice, .none, .acked)]))
    #expect(followed.mayWant([leave]))
    followed.removeAll()
    #expect(!followed.mayWant([leave]))
  }
}
