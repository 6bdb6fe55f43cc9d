import DaybookModel

/// Whether a topic is this log's.
struct MirrorOwnership {
  let settings: MirrorSettings
  let log: MirroredLog
  let topics: KafkaTopics

  /// Throws `mirror_of_another`.
  func check(_ claim: MirrorClaim?) throws(DaybookError) {
    guard let claim else { return try checkEmpty() }
    let source = log.source
    guard claim.source == source else {
      let what =
        claim.source.logID != source.logID
        ? "another log, \(claim.source.logID)"
        : claim.source.branchID != source.branchID
          ? "another branch of this log, \(claim.source.branchID)"
          : "a log of \(claim.source.partitionCount) partitions"
      throw DaybookError(
        .mirrorOfAnother,
        "the topic \(settings.topic) is of \(what): mirror into another one with --topic")
    }
    guard claim.shape == settings.shape.text else {
      throw DaybookError(
        .mirrorOfAnother,
        "the topic \(settings.topic) is mirrored as \(claim.shape), and this would be "
          + "\(settings.shape.text): mirror into another one with --topic, or say the same")
    }
    guard claim.groups == settings.groupsTopic else {
      throw DaybookError(
        .mirrorOfAnother,
        "the topic \(settings.topic) was begun with \(claim.groups.map { "the groups in \($0)" } ?? "no groups"), "
          + "and they would not be whole: say the same, or mirror into another one with --topic")
    }
  }

  /// A topic that has records and no claim is somebody else's, or has lost its positions.
  private func checkEmpty() throws(DaybookError) {
    for partition in log.partitions {
      guard try end(of: partition) > 0 else { continue }
      throw DaybookError(
        .mirrorOfAnother,
        "the topic \(settings.topic) has records in partition \(partition), and "
          + "\(settings.offsetsTopic) knows of no mirror that wrote them: mirror into another one with "
          + "--topic")
    }
  }

  /// Behind the last record of the topic's partition.
  func end(of partition: PartitionID) throws(DaybookError) -> Int64 {
    do throws(KafkaFault) {
      return try topics.end(of: settings.topic, Int32(partition.rawValue))
    } catch {
      throw error.asDaybookError("the end of the topic \(settings.topic) can't be found")
    }
  }
}
