import ArgumentParser
import DaybookModel
import DaybookSchema
import Glibc
import Logging
import Partitions
import Ports
import SegmentLog
import Server

struct LogDump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Print the log's events, partition by partition.",
    discussion: """
      With --follow, what is logged from then on is printed as it becomes durable, until Ctrl-C. What \
      people have written is printed with --contents only.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var partition: PartitionOption

  @Option(help: "The first offset to print, in each partition.")
  var from: Int64 = 0

  @Flag(help: "Go on with what is logged from now on.")
  var follow = false

  @Flag(help: "Print what was written too: texts, and of other contents kind and size.")
  var contents = false

  @OptionGroup var json: JSONOption

  private static let chunkBytes = 1 << 20

  func validate() throws {
    guard from >= 0 else { throw ValidationError("--from is an offset, 0 or more, not \(from)") }
  }

  func run() throws {
    let log = try data.open().reader()
    log.reportFindings()
    var output = StandardOutput()
    var isDamaged = log.isDamaged
    var moments = PartitionMoments()
    var positions: [PartitionID: Offset] = [:]
    if !json.isSet { try output.line(DumpedEvent.heading) }
    for partition in try partition.partitions(of: log.partitionCount) {
      let head = log.highWatermark(of: partition)
      if self.partition.index != nil, Offset(from) > head {
        throw DaybookError(
          .offsetOutOfRange, "partition \(partition) ends at offset \(head): --from is past it")
      }
      positions[partition] = head
      let faults = try dump(partition, of: log, upTo: head, to: &output, &moments)
      if !faults.isEmpty { isDamaged = true }
      // After what was good before it.
      try output.flush()
      for fault in faults {
        OperatorLog.logger.error(
          "passed over what is damaged: \(fault)",
          metadata: ["partition": "\(partition)", "segment": "\(fault.segment)"])
      }
    }
    try output.flush()
    for behind in log.behind(moments) {
      isDamaged = true
      OperatorLog.logger.error(
        "the partitions are of different moments: \(behind)",
        metadata: ["partition": "\(behind.partition)"])
    }
    if isDamaged { throw ExitCode.failure }
    if follow { try self.follow(log, from: positions, to: &output) }
  }

  private static let pauseMicroseconds: UInt32 = 100_000

  /// Until a signal, or the end of who reads what is printed.
  private func follow(
    _ log: SegmentLogReader, from start: [PartitionID: Offset], to output: inout StandardOutput
  ) throws {
    var positions = start
    var moments = PartitionMoments()
    while true {
      for (partition, next) in positions.sorted(by: { $0.key < $1.key }) {
        let head = log.highWatermark(of: partition)
        guard head > next else { continue }
        _ = try dump(partition, of: log, from: next, upTo: head, to: &output, &moments)
        positions[partition] = head
      }
      try output.flush()
      usleep(Self.pauseMicroseconds)
    }
  }

  /// Returns what had to be passed over.
  private func dump(
    _ partition: PartitionID, of log: SegmentLogReader, from first: Offset? = nil,
    upTo head: Offset, to output: inout StandardOutput, _ moments: inout PartitionMoments
  ) throws -> [LogFault] {
    var next = first ?? max(Offset(from), log.startOffset(of: partition))
    if !log.isDamaged(partition) {
      do {
        while next < head {
          let chunk = try log.read(partition, from: next, bytesMax: Self.chunkBytes)
          for batch in chunk.batches {
            let events = try events(batch, from: next, upTo: head)
            try print(events, to: &output, &moments)
            next = batch.nextOffset
          }
          next = chunk.next
        }
        return []
      } catch let error as DaybookError where error.code == .logCorrupt {
        // Goes on below, through whatever damage there is.
      }
    }
    return try log.salvage(partition, from: next) { batch, first in
      try print(try events(batch, from: first, upTo: nil), to: &output, &moments)
    }
  }

  private func events(
    _ batch: CommittedBatch, from first: Offset, upTo head: Offset?
  ) throws(DaybookError) -> [DumpedEvent] {
    var events: [DumpedEvent] = []
    try batch.forEachEvent { index, bytes throws(DaybookError) in
      let offset = batch.offset(of: index)
      guard offset >= first, head.map({ offset < $0 }) ?? true else { return }
      let event =
        try contents
        ? EventDecoding.decode(bytes) : EventDecoding.decode(bytes, content: .skipped)
      events.append(
        DumpedEvent(
          partition: batch.partition, offset: offset, byteCount: bytes.count, event: event,
          said: contents ? DumpedEvent.said(event) : nil))
    }
    return events
  }

  private func print(
    _ events: [DumpedEvent], to output: inout StandardOutput, _ moments: inout PartitionMoments
  ) throws {
    for event in events {
      if let cause = event.event.cause { moments.add(cause, takenBy: event.partition) }
      if json.isSet { try output.line(event.json) } else { try output.line(event.text) }
    }
  }
}

/// An event as dump shows it.
struct DumpedEvent {
  var partition: PartitionID
  var offset: Offset
  var byteCount: Int
  var event: Event
  /// What somebody has written, if that is to be printed and there is something.
  var said: ContentCoding.Shown?

  static func said(_ event: Event) -> ContentCoding.Shown? {
    switch event.body {
    case .messageSent(let message), .messageCopied(let message, _, _),
      .messageWithheld(let message):
      try? ContentCoding.show(message.content)
    case .messageEdited(_, let content): try? ContentCoding.show(content)
    default: nil
    }
  }

  var json: JSONLine {
    var line = JSONLine()
    line.set("partition", partition.rawValue)
    line.set("offset", offset.rawValue)
    line.set("stream", event.stream.text)
    if event.seq == .none { line.set("seq", nil) } else { line.set("seq", event.seq.rawValue) }
    line.set("type", event.kind.name)
    line.set("message_id", event.messageID == .none ? nil : event.messageID.description)
    line.set("recorded_at", event.recordedAt.rfc3339)
    line.set("user", event.actor.user?.text)
    line.set("device", event.actor.device?.text)
    line.set("service", event.actor.service?.text)
    if let number = event.command?.number {
      line.set("number", number)
    } else {
      line.set("number", nil)
    }
    line.set("gapless", event.command?.isGapless ?? false)
    line.set("refusal", refusal)
    line.set("trace_id", event.traceID?.description)
    line.set("bytes", byteCount)
    switch said {
    case .text(let text): line.set("text", text)
    case .bytes(let type, let count):
      line.set("content_type", type)
      line.set("content_bytes", count)
    case .sealed(let keyID, let count):
      line.set("key_id", keyID)
      line.set("content_bytes", count)
    case nil: break
    }
    return line
  }

  /// The name of the error that a command was refused with for good.
  private var refusal: String? {
    guard let number = event.command?.refusal, number > 0 else { return nil }
    return ErrorCode.numbered(number).name
  }

  /// Widths are fixed, for a log is printed as it is read.
  static let heading = columns(
    "part", "offset", "recorded at", "type", "seq", "stream", "by")

  var text: String {
    let by = [event.actor.user?.text, event.actor.device?.text, event.actor.service?.text]
    return DumpedEvent.columns(
      "\(partition)", "\(offset)", event.recordedAt.rfc3339, event.kind.name,
      event.seq == .none ? "-" : "\(event.seq)", Terminal.safe(event.stream.text),
      Terminal.safe(by.compactMap { $0 }.joined(separator: " ")))
      + (event.traceID.map { "  trace \($0)" } ?? "") + (said.map { "  \($0.line)" } ?? "")
  }

  static func columns(
    _ partition: String, _ offset: String, _ time: String, _ type: String, _ seq: String,
    _ stream: String, _ by: String
  ) -> String {
    let cells = [
      Terminal.padded(partition, to: 4, .right), Terminal.padded(offset, to: 9, .right),
      Terminal.padded(time, to: 24, .left), Terminal.padded(type, to: 18, .left),
      Terminal.padded(seq, to: 9, .right), Terminal.padded(stream, to: 24, .left), by,
    ]
    return cells.joined(separator: "  ")
  }
}
