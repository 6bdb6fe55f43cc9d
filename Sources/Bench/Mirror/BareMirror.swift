import CRdKafka
import DaybookModel
import Foundation
import Mirror
import Ports

/// What a mirror is compared with: librdkafka alone, which sends the same records in the same
/// transactions, made beforehand and held in memory.
struct BareMirror {
  private let transactions: [[Prepared]]
  private let settings: MirrorSettings
  private let brokers: String

  private struct Prepared {
    var partition: Int32
    var timestamp: Int64
    var key: [UInt8]
    var value: [UInt8]
    var headers: [(name: StaticString, value: [UInt8])]
  }

  /// Throws as the log does.
  init(
    _ settings: MirrorSettings, brokers: String, log: any LogFeed, transactionEvents: Int
  ) throws {
    self.settings = settings
    self.brokers = brokers
    let source = LogSource(
      logID: log.logID, branchID: log.branchID, partitionCount: log.partitionCount)
    let format = RecordFormat(source: source, shape: settings.shape)
    var record = RecordBytes()
    var queues: [[Prepared]] = Array(repeating: [], count: log.partitionCount)
    for index in 0..<log.partitionCount {
      let partition = PartitionID(index)
      var next = log.startOffset(of: partition)
      while next < log.highWatermark(of: partition) {
        let chunk = try log.read(partition, from: next, bytesMax: 4 << 20)
        for batch in chunk.batches {
          try batch.forEachEvent { at, event throws(DaybookError) in
            let isTaken = try format.write(
              event, at: batch.offset(of: at), of: partition, to: &record)
            if isTaken { queues[index].append(Self.prepared(record, partition)) }
          }
        }
        next = chunk.next
      }
    }
    transactions = queues.flatMap { queue in
      stride(from: 0, to: queue.count, by: transactionEvents).map { first in
        Array(queue[first..<min(first + transactionEvents, queue.count)])
      }
    }
  }

  private static func prepared(_ record: RecordBytes, _ partition: PartitionID) -> Prepared {
    record.withView { view in
      Prepared(
        partition: Int32(partition.rawValue), timestamp: record.timestampMilliseconds,
        key: Array(view.key), value: Array(view.value),
        headers: RecordHeader.allCases.compactMap { header in
          view[header].map { (header.name, Array($0)) }
        })
    }
  }

  /// Events a second, from the first transaction's begin to the last one's commit.
  func run() throws -> Double {
    let client = try client()
    defer { rd_kafka_destroy(client) }
    let topic = rd_kafka_topic_new(client, settings.topic, nil)
    defer { rd_kafka_topic_destroy(topic) }
    try check(rd_kafka_init_transactions(client, 30_000))
    let units = UnsafeMutablePointer<rd_kafka_vu_t>.allocate(capacity: 8)
    units.initialize(repeating: rd_kafka_vu_t(), count: 8)
    defer { units.deallocate() }
    let began = DispatchTime.now().uptimeNanoseconds
    var count = 0
    for transaction in transactions {
      try check(rd_kafka_begin_transaction(client))
      for record in transaction { try send(record, client, topic, units) }
      try check(rd_kafka_commit_transaction(client, 30_000))
      count += transaction.count
    }
    return Double(count) * 1e9 / Double(DispatchTime.now().uptimeNanoseconds - began)
  }

  private func client() throws -> OpaquePointer {
    let conf = rd_kafka_conf_new()
    for (name, value) in [
      ("bootstrap.servers", brokers), ("transactional.id", "\(settings.topic)-bare"),
      ("delivery.report.only.error", "true"),
    ] {
      rd_kafka_conf_set(conf, name, value, nil, 0)
    }
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nil, 0) else {
      throw DaybookError(.kafkaFailed, "librdkafka makes no client")
    }
    return client
  }

  private func send(
    _ record: Prepared, _ client: OpaquePointer, _ topic: OpaquePointer?,
    _ units: UnsafeMutablePointer<rd_kafka_vu_t>
  ) throws {
    let headers = rd_kafka_headers_new(record.headers.count)
    for (name, value) in record.headers {
      name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount) {
        _ = rd_kafka_header_add(headers, $0, name.utf8CodeUnitCount, value, value.count)
      }
    }
    try record.key.withUnsafeBytes { key in
      try record.value.withUnsafeBytes { value in
        units[0].vtype = RD_KAFKA_VTYPE_RKT
        units[0].u.rkt = topic
        units[1].vtype = RD_KAFKA_VTYPE_PARTITION
        units[1].u.i32 = record.partition
        units[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        units[2].u.i = 2  // RD_KAFKA_MSG_F_COPY
        units[3].vtype = RD_KAFKA_VTYPE_KEY
        units[3].u.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
        units[3].u.mem.size = key.count
        units[4].vtype = RD_KAFKA_VTYPE_VALUE
        units[4].u.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
        units[4].u.mem.size = value.count
        units[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP
        units[5].u.i64 = record.timestamp
        units[6].vtype = RD_KAFKA_VTYPE_HEADERS
        units[6].u.headers = headers
        try check(rd_kafka_produceva(client, units, 7))
      }
    }
  }

  private func check(_ error: OpaquePointer?) throws {
    guard let error else { return }
    defer { rd_kafka_error_destroy(error) }
    throw DaybookError(.kafkaFailed, String(cString: rd_kafka_error_string(error)))
  }
}
