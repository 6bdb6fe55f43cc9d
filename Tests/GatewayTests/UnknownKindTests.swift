import DaybookModel
import NIOCore
import Ports
import Testing
import WireProtocol

@testable import Gateway

@Suite("events of a later program's kinds, in a gateway")
struct UnknownKindTests {
  @Test("are pushed as they are, in their place")
  func pushed() async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      fixture.daybook.append(Chat.bobBox, Chat.alice, Chat.sent("1"))
      var body = ByteBuffer()
      let stream = "user/bob"
      var event = ByteBuffer()
      event.writeBytes([1 << 3 | 2, UInt8(stream.utf8.count)])
      event.writeString(stream)
      event.writeBytes([2 << 3, 2])
      // Field 120, which no kind of this program has.
      event.writeBytes([0xc2, 0x07, 1, 42])
      body.writeInteger(UInt32(event.readableBytes), endianness: .little)
      body.writeImmutableBuffer(event)
      // As of a log that was read back: nobody has made its slots.
      fixture.daybook.announce(
        CommittedBatch(
          partition: Chat.bobBox.partition(of: 4), baseOffset: .zero, nextOffset: Offset(1),
          count: 1, lastRecordedAt: .none, body: body))
      #expect(try await bob.seqs(of: "user/bob", through: 1) == [1])
      let frame = try await bob.next()
      #expect(frame.type == .event && frame.body == event)
    }
  }
}
