import DaybookModel
import DaybookSchema
import NIOCore
import Testing

@testable import Gateway

@Suite("which batches concern a loop")
struct FollowedStreamsTests {
  private static let bob = StreamKey.user(UserID(checked: "bob"))
  private static let carol = StreamKey.user(UserID(checked: "carol"))
  private static let group = StreamKey.group(GroupID(checked: "g"))

  private func slot(_ stream: StreamKey, seq: UInt64, _ body: Event.Body) -> EventSlot {
    var bytes = ByteBuffer()
    let event = Event(stream: stream, seq: Seq(seq), recordedAt: .none, actor: .none, body: body)
    return EventEncoding.append(event, to: &bytes, bodyStart: 0)
  }

  @Test("those with an event of a stream that somebody there follows, for as long as they do")
  func followed() {
    let sent = Event.Body.messageSent(Message(content: ContentCoding.text("x")))
    let slots = [slot(Self.carol, seq: 1, sent), slot(Self.bob, seq: 1, sent)]
    var streams = FollowedStreams()
    #expect(!streams.areConcerned(by: slots))
    streams.insert(Self.group.fingerprint)
    #expect(!streams.areConcerned(by: slots))
    streams.insert(Self.bob.fingerprint)
    #expect(streams.areConcerned(by: slots))
    #expect(!streams.areConcerned(by: [slots[0]]))
    streams.remove(Self.bob.fingerprint)
    #expect(!streams.areConcerned(by: slots))
  }

  @Test("what takes no seq concerns nobody, but for a leave: it does not name the member's mailbox")
  func withoutSeq() {
    var streams = FollowedStreams()
    let left = slot(Self.group, seq: 0, .memberLeft(UserID(checked: "bob")))
    #expect(!streams.areConcerned(by: [left]))
    streams.insert(Self.bob.fingerprint)
    #expect(streams.areConcerned(by: [left]))
    #expect(!streams.areConcerned(by: [slot(Self.bob, seq: 0, .acked(upTo: Seq(1)))]))
  }
}
