import DaybookModel
import DaybookSchema
import FoundationEssentials
import NIOConcurrencyHelpers
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("While the application has no room")
struct HoldingBackTests {
  @Test("events are passed over, answers are not, and all of it is fetched once there is room")
  func fetchedLater() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 4)
    server.message(1)
    _ = server.take()
    server.core.holdBack()
    server.core.issue(.join(GroupID(checked: "team")), token: 7)
    server.core.flush()
    let sequence = server.take().sequences[0]
    for seq in 2...4 as ClosedRange<UInt64> { server.message(seq) }
    server.push(.caughtUp, ByteBuffer())
    server.reply(to: sequence, .join)
    var taken = server.take()
    #expect(taken.events.isEmpty && taken.answered == [7] && taken.fetches.isEmpty)
    server.core.resume()
    taken = server.take()
    #expect(taken.fetches == ["user/me 2...4"])
    server.fetched(taken.sequences[0], [2, 3], next: 4)
    taken = server.take()
    #expect(taken.texts == ["m2", "m3"] && taken.fetches == ["user/me 4...4"])
    #expect(!taken.events.contains(.caughtUp), "not all of it has come")
    server.fetched(taken.sequences[0], [4], next: 0)
    taken = server.take()
    #expect(taken.texts == ["m4"] && taken.events.last == .caughtUp && taken.fetches.isEmpty)
  }

  @Test("a fetch that was under way is made anew")
  func underWay() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 3)
    server.message(3)
    let fetch = server.take()
    #expect(fetch.fetches == ["user/me 1...2"])
    server.core.holdBack()
    server.fetched(fetch.sequences[0], [1, 2], next: 0)
    #expect(server.take().texts == [])
    server.core.resume()
    let again = server.take()
    #expect(again.fetches == ["user/me 1...2"])
    server.fetched(again.sequences[0], [1, 2], next: 0)
    #expect(server.take().texts == ["m1", "m2", "m3"])
  }

  @Test("so many streams at a time are fetched, and then the others")
  func manyStreams() {
    var server = Peer()
    server.connect()
    for number in 1...20 { server.following("group/g\(number)", cursor: 0, head: 1) }
    server.core.holdBack()
    for number in 1...20 {
      let body = Event.Body.groupDissolved
      server.event(1, body, from: "bob", in: "group/g\(number)")
    }
    _ = server.take()
    server.core.resume()
    var asked: Set<String> = []
    var waiting = server.take()
    var most = 0
    while let sequence = waiting.sequences.first {
      most = max(most, waiting.sequences.count)
      asked.formUnion(waiting.fetches)
      waiting.sequences.removeFirst()
      server.fetched(sequence, [], hidden: 1...1, next: 0)
      waiting.sequences += server.take(into: &asked)
    }
    #expect(asked.count == 20 && most == 8)
  }

  @Test("a client that only sends is answered, and finds all that came when it looks")
  func sendOnly() async throws {
    let events = NIOLockedValueBox<[ByteBuffer]>([])
    let server = try await ScriptedServer { frame, out in
      switch frame.type {
      case .connect:
        let following = Daybook_V1_Following.with { $0.stream = "user/me" }
        out.writeFrame(.following, sequence: 0, message: following)
      case .send:
        let copy = events.withLockedValue { events in
          events.append(HoldingBackTests.copy(UInt64(events.count + 1)))
          return events[events.count - 1]
        }
        out.writeFrame(.event, sequence: 0, body: copy)
        out.writeFrame(.send.reply, sequence: frame.sequence) {
          CommandReply(
            messageID: MessageID(1), seq: .none, recordedAt: Timestamp(milliseconds: 1),
            repeated: false, changed: true
          ).write(to: &$0)
        }
      case .fetch:
        let request = (try? Daybook_V1_FetchRequest(frameBody: frame.body)) ?? .init()
        let last = min(request.toSeq, request.fromSeq + 49)
        let page = events.withLockedValue { $0[Int(request.fromSeq) - 1..<Int(last)] }
        let reply = Daybook_V1_FetchReply.with {
          $0.events = page.map { .init($0.readableBytesView) }
          $0.nextSeq = last < request.toSeq ? last + 1 : 0
        }
        out.writeFrame(.fetch.reply, sequence: frame.sequence, message: reply)
      default: break
      }
    }
    var configuration = ClientConfiguration.patient(server)
    configuration.bufferedEventsMax = 8
    let client = try DaybookClient(configuration)
    try await client.connect()
    let texts = (1...300).map { "m\($0)" }
    for text in texts { _ = try await client.send(text: text, to: .user("bob")).stored() }
    var found: [String] = []
    for await case .message(let message) in client.events {
      if case .text(let text) = message.content { found.append(text) }
      if found.count == texts.count { break }
    }
    #expect(found == texts)
    await client.close()
    try await server.close()
  }

  private static func copy(_ seq: UInt64) -> ByteBuffer {
    EventEncoding.encode(
      Event(
        stream: StreamKey(checked: "user/me")!, seq: Seq(seq), messageID: MessageID(seq),
        recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "me")),
        body: .messageCopied(
          Message(content: ContentCoding.text("m\(seq)")), to: UserID(checked: "bob"),
          peerSeq: .none)))
  }
}

extension Peer {
  /// The sequences of new fetches, whose ranges are added.
  fileprivate mutating func take(into asked: inout Set<String>) -> [UInt32] {
    let taken = take()
    asked.formUnion(taken.fetches)
    return taken.sequences
  }
}
