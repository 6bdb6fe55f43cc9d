import DaybookModel
import DaybookSchema
import Doubles
import Ports
import Testing

@testable import LogReading
@testable import Projections

/// How much of the log is read for an answer: counted, not timed.
@Suite struct LogReadingTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 1)

  init() throws { folder = try TemporaryFolder() }

  @Test("many small reads far behind the newest message pass over each message once")
  func smallReads() async throws {
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: ["zoe"]))
    for _ in 0..<1_000 { log.append([chat.message(from: "ann")]) }
    for seq in 3..<103 as Range<UInt64> { log.append([chat.read("zoe", upTo: Seq(seq))]) }
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    // For each its message, the one before, and where it lies in the stream.
    #expect(log.takeAsked().events <= 3 * 100)
    let expected = ReferenceModel(events: log.allEvents[0]).unreadCounts(
      of: UserID(checked: "zoe"))
    #expect(expected["group/ubuntu"] == 900)
    let queries = makeQueries(log, folder)
    #expect(try await unreadCounts(queries, of: UserID(checked: "zoe")) == expected)
    #expect(try hashesOfRebuild(log) == (try stateHashes(log, folder)))
  }

  @Test("the same holds in a mailbox")
  func smallDirectReads() async throws {
    var mailbox = MailboxChat()
    for index in 0..<1_000 { log.append([mailbox.message(index)]) }
    for seq in 1..<101 as Range<UInt64> { log.append([mailbox.read("ann", upTo: Seq(seq))]) }
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    #expect(log.takeAsked().events <= 4 * 100)
    let expected = ReferenceModel(events: log.allEvents[0]).unreadCounts(of: mailbox.owner)
    let queries = makeQueries(log, folder)
    #expect(try await unreadCounts(queries, of: mailbox.owner) == expected)
    #expect(try hashesOfRebuild(log) == (try stateHashes(log, folder)))
  }

  @Test("a read just behind the newest message doesn't go through all that was unread")
  func readNearHead() throws {
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: ["zoe"]))
    for _ in 0..<1_000 { log.append([chat.message(from: "ann")]) }
    try makeEngine(log, folder).catchUp()
    log.append([chat.read("zoe", upTo: Seq(992))])
    try makeEngine(log, folder).catchUp()
    #expect(log.takeAsked().events <= 12)
  }

  @Test(
    "a former member's history begins where the stay ended, however much was said since",
    arguments: [1, 50])
  func formerMember(limit: Int) throws {
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: []))
    for _ in 0..<4_000 { log.append([chat.message(from: "ann")]) }
    let stay = SeqInterval(first: Seq(2), last: Seq(101))
    let page = try history(of: chat, limit: limit, visible: [stay])
    #expect(try seqs(page) == Array(102 - UInt64(limit)...101))
    #expect(page.more)
    let asked = log.takeAsked()
    // One for the messages, one for what became of them.
    #expect(asked.conversationPostings == 2)
    #expect(asked.events <= limit + 9)
  }

  @Test("what lies between two stays is jumped over, and so are stays without a message")
  func gapBetweenStays() throws {
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: []))
    for _ in 0..<1_999 { log.append([chat.message(from: "ann")]) }
    for index in 0..<2_000 { log.append([chat.join("user-\(index)")]) }
    for _ in 0..<1_000 { log.append([chat.message(from: "ann")]) }
    let visible = [
      SeqInterval(first: Seq(10), last: Seq(12)), SeqInterval(first: Seq(2_500), last: Seq(2_510)),
      SeqInterval(first: Seq(2_600), last: Seq(3_600)), SeqInterval(first: Seq(4_999), last: nil),
    ]
    let page = try history(of: chat, limit: 5, visible: visible)
    #expect(try seqs(page) == [10, 11, 12, 4_999, 5_000])
    #expect(!page.more)
    #expect(log.takeAsked().conversationPostings <= 5)
    let short = try history(of: chat, limit: 4, visible: visible)
    #expect(try seqs(short) == [11, 12, 4_999, 5_000])
    #expect(short.more)
    let older = try history(
      of: chat, before: try EventDecoding.decode(short.messages[0].bytes).messageID, limit: 4,
      visible: visible)
    #expect(try seqs(older) == [10])
    #expect(!older.more)
  }

  @Test("who may see nothing is told so without a look at the messages")
  func nothingVisible() throws {
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: ["zoe"]))
    for _ in 0..<1_000 { log.append([chat.message(from: "ann")]) }
    for visible in [[], [SeqInterval(first: Seq(1), last: Seq(2))]] {
      let page = try history(of: chat, limit: 10, visible: visible)
      #expect(page.messages.isEmpty && !page.more)
    }
    #expect(log.takeAsked().conversationPostings == 0)
  }

  private func history(
    of chat: GroupChat, before: MessageID? = nil, limit: Int, visible: [SeqInterval]
  ) throws -> HistoryPage {
    try HistoryPages(log: log, clock: SettableClock()).history(
      of: ConversationKey(group: chat.group), before: before, limit: limit, visible: visible
    ).page
  }

  private func seqs(_ page: HistoryPage) throws -> [UInt64] {
    try page.messages.map { try EventDecoding.decode($0.bytes).seq.rawValue }
  }

  @Test("a page of a stream's events is cut at its limit of bytes, and little more is read")
  func pageBytes() async throws {
    var chat = GroupChat()
    for _ in 0..<300 { log.append([chat.message(from: "ann", bytes: 1_000)]) }
    log.append([chat.message(from: "ann", bytes: 50_000)])
    let queries = makeQueries(log, folder)
    func page(from first: UInt64, bytesMax: Int) async throws -> [StreamEvent] {
      try await queries.events(
        of: .group(chat.group), from: Seq(first), through: Seq(301), limit: 256,
        bytesMax: bytesMax)
    }
    let first = try await page(from: 1, bytesMax: 10_900)
    #expect(first.map(\.seq.rawValue) == Array(1...10))
    #expect(log.takeAsked().events <= 64)
    #expect(try await page(from: 300, bytesMax: 10_900).map(\.seq.rawValue) == [300])
    // The first of a page always comes.
    #expect(try await page(from: 301, bytesMax: 10_900).map(\.seq.rawValue) == [301])
    #expect(try await page(from: 1, bytesMax: .max).count == 256)
  }
}
