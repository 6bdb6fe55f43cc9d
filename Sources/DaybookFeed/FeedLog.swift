import DaybookSchema

/// Which log a feed is of.
public struct FeedLog: Sendable {
  public struct Partition: Sendable {
    public let partition: Int
    /// First offset that is kept, and first that is not yet durable.
    public let start: UInt64
    public let head: UInt64
  }

  /// 32 hexadecimal digits each: positions of another log, or another copy of this one, mean nothing here.
  public let logID: String
  public let branchID: String
  public let epoch: UInt64
  public let partitions: [Partition]

  init(_ reply: Daybook_V1_DescribeReply) {
    logID = reply.logID
    branchID = reply.branchID
    epoch = reply.epoch
    partitions = reply.partitions.map {
      Partition(partition: Int($0.partition), start: $0.startOffset, head: $0.headOffset)
    }
  }
}
