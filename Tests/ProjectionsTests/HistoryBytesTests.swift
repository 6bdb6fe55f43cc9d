import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports
import Testing

@testable import LogReading
@testable import Projections

/// Pages of history are cut by bytes while they are read: counted, not timed.
@Suite struct HistoryBytesTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 1)
  private let queries: QueryService
  private var chat = GroupChat()
  private var conversation: ConversationKey { ConversationKey(group: chat.group) }

  init() throws {
    folder = try TemporaryFolder()
    queries = makeQueries(log, folder)
    log.append(chat.found(by: "ann", with: ["zoe"]))
  }

  private func page(
    before: MessageID? = nil, limit: Int = 500, bytesMax: Int
  ) async throws -> HistoryPage {
    try await queries.history(
      of: conversation, before: before, limit: limit, bytesMax: bytesMax, visible: nil,
      through: nil, reader: UserID(checked: "zoe"))
  }

  private func ids(_ page: HistoryPage) throws -> [MessageID] {
    try page.messages.map { try EventDecoding.decode($0.bytes).messageID }
  }

  @Test("pages of large messages read little more than they give")
  mutating func largeMessages() async throws {
    var messages: [Event] = []
    for _ in 0..<200 {
      messages.append(chat.message(from: "ann", bytes: 1_000))
      log.append([messages.last!])
    }
    try makeEngine(log, folder).catchUp()
    _ = log.takeAsked()
    var found: [MessageID] = []
    var pages = 0
    var before: MessageID?
    while true {
      let page = try await page(before: before, bytesMax: 20_000)
      found = try ids(page) + found
      pages += 1
      before = found.first
      guard page.more else { break }
      #expect(page.messages.count == 19)
    }
    #expect(found == messages.map(\.messageID))
    // One more in each page tells that there are older ones; the first few are asked for unseen.
    #expect(log.takeAsked().events <= 200 + 4 * pages)
  }

  @Test("a message larger than the page comes alone, and is not skipped")
  mutating func largerThanPage() async throws {
    let small = chat.message(from: "ann")
    let large = chat.message(from: "ann", bytes: 50_000)
    log.append([small, large])
    try makeEngine(log, folder).catchUp()
    let first = try await page(bytesMax: 1_000)
    #expect(try ids(first) == [large.messageID] && first.more)
    let rest = try await page(before: large.messageID, bytesMax: 1_000)
    #expect(try ids(rest) == [small.messageID] && !rest.more)
  }

  @Test("edits count with their messages, and are not read past the page")
  mutating func edits() async throws {
    let messages = (0..<100).map { _ in chat.message(from: "ann") }
    log.append(messages)
    log.append(messages.map { chat.edit($0, String(repeating: "e", count: 5_000)) })
    try makeEngine(log, folder).catchUp()
    _ = log.takeAsked()
    let page = try await page(bytesMax: 21_000)
    #expect(try ids(page) == messages.suffix(4).map(\.messageID))
    #expect(page.more && page.amendments.count == 4)
    #expect(page.amendments.allSatisfy { $0.edit != nil })
    // Each message, and the edits of sixteen.
    #expect(log.takeAsked().events <= 100 + 16)
  }

  @Test("reactions count with their messages")
  mutating func reactions() async throws {
    let messages = (0..<10).map { _ in chat.message(from: "ann") }
    log.append(messages)
    for message in messages {
      log.append((0..<50).map { chat.react(message, "reaction-\($0)", by: "zoe") })
    }
    try makeEngine(log, folder).catchUp()
    // Each message's take some 50 × 35 bytes.
    let page = try await page(bytesMax: 6_000)
    #expect(try ids(page) == messages.suffix(3).map(\.messageID))
    #expect(page.more && page.amendments.map(\.reactions.count) == [50, 50, 50])
    let all = try await self.page(bytesMax: .max)
    #expect(all.messages.count == 10 && !all.more)
    #expect(all.amendments.map(\.reactions.count) == Array(repeating: 50, count: 10))
  }

  @Test("what was recalled takes a tombstone's bytes")
  mutating func recalled() async throws {
    let messages = (0..<6).map { _ in chat.message(from: "ann", bytes: 1_000) }
    log.append(messages)
    log.append(messages.map { chat.recall($0, by: "ann") })
    try makeEngine(log, folder).catchUp()
    let page = try await page(bytesMax: 10_000)
    #expect(try ids(page) == messages.map(\.messageID) && !page.more)
    #expect(page.messages.allSatisfy { $0.bytes.readableBytes < 200 })
  }

  @Test("a fetch does not keep the edits of the messages that it gives")
  mutating func fetch() async throws {
    let message = chat.message(from: "ann")
    log.append([message, chat.edit(message, String(repeating: "e", count: 5_000))])
    let search = AmendmentSearch(log: log, stream: .group(chat.group))
    let found = try search.amendments(of: [message.messageID])
    guard case .edited(let last, let edits) = found.byID[message.messageID] else {
      Issue.record("an edit was due")
      return
    }
    #expect(last == nil && edits == 1)
  }
}
