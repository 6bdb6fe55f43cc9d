import DaybookModel
import Logging

/// Reads the rows of groups back that a mirror has written, before it writes more.
struct GroupsRestoring {
  let settings: MirrorSettings
  let topics: KafkaTopics
  let logger: Logger
  let isUnwanted: () -> Bool

  /// What the topic has of these partitions. Throws as Kafka answers, and `format_version`.
  func table(
    _ topic: String, of partitions: [PartitionID]
  ) throws(DaybookError) -> GroupTable {
    var table = GroupTable(filter: settings.shape.filter)
    var failure: DaybookError?
    do throws(KafkaFault) {
      var ends: [Int32: Int64] = [:]
      for partition in partitions {
        let number = Int32(partition.rawValue)
        let end = try topics.end(of: topic, number)
        if end > 0 { ends[number] = end }
      }
      if ends.isEmpty { return table }
      try KafkaReader.read(topic, upTo: ends, settings.kafka, logger, isUnwanted) { record in
        do throws(DaybookError) {
          try table.restore(key: Array(record.key), value: record.value.map { Array($0) })
        } catch {
          failure = failure ?? error
        }
      }
    } catch {
      throw error.asDaybookError("the groups in \(topic) can't be read")
    }
    if let failure { throw failure }
    return table
  }
}

extension KafkaReader {
  /// Shows all records of partitions from their beginnings up to these offsets, of each partition in
  /// order.
  fileprivate static func read(
    _ topic: String, upTo ends: [Int32: Int64], _ configuration: KafkaConfiguration,
    _ logger: Logger, _ isUnwanted: () -> Bool, _ visit: (Record) -> Void
  ) throws(KafkaFault) {
    let reader = try opened(configuration, logger: logger)
    for partition in ends.keys { try reader.begin(topic, partition, at: beginning) }
    var left = Set(ends.keys)
    while !left.isEmpty, !isUnwanted() {
      try reader.read(wait: .milliseconds(100)) { met throws(KafkaFault) in
        switch met {
        case .record(let record): visit(record)
        case .end(let partition, let offset):
          if offset >= ends[partition] ?? 0 { left.remove(partition) }
        }
      }
    }
  }
}
