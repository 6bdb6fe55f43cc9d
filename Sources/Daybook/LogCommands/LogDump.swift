import ArgumentParser
import DaybookModel
import DaybookSchema
import Logging
import Partitions
import Ports
import SegmentLog
import Server

struct LogDump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Print the log's events, partition by partition.",
    discussion: "Message contents are not printed: history shows them.")

  @OptionGroup var data: DataOption
  @OptionGroup var partition: PartitionOption

  @Option(help: "The first offset to print, in each partition.")
  var from: Int64 = 0

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
    if !json.isSet { try output.line(DumpedEvent.heading) }
    for partition in try partition.partitions(of: log.partitionCount) {
      let head = log.highWatermark(of: partition)
      if self.partition.index != nil, Offset(from) > head {
        throw DaybookError(
          .offsetOutOfRange, "partition \(partition) ends at offset \(head): --from is past it")
      }
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
  }

  /// Returns what had to be passed over.
  private func dump(
    _ partition: PartitionID, of log: SegmentLogReader, upTo head: Offset,
    to output: inout StandardOutput, _ moments: inout PartitionMoments
  ) throws -> [LogFault] {
    var next = max(Offset(from), log.startOffset(of: partition))
    if !log.isDamaged(partition) {
      do {
        while next < head {
          let chunk = try log.read(partition, from: next, bytesMax: Self.chunkBytes)
          for batch in chunk.batches {
            let events = try Self.events(batch, from: next, upTo: head)
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
      try print(try Self.events(batch, from: first, upTo: nil), to: &output, &moments)
    }
  }

  private static func events(
    _ batch: CommittedBatch, from first: Offset, upTo head: Offset?
  ) throws(DaybookError) -> [DumpedEvent] {
    var events: [DumpedEvent] = []
    try batch.forEachEvent { index, bytes throws(DaybookError) in
      let offset = batch.offset(of: index)
      guard offset >= first, head.map({ offset < $0 }) ?? true else { return }
      let event = try EventDecoding.decode(bytes, content: .skipped)
      events.append(
        DumpedEvent(
          partition: batch.partition, offset: offset, byteCount: bytes.count, event: event))
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
    line.set("bytes", byteCount)
    return line
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
  }

  private static func columns(
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
