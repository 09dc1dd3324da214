-- Every intent that was taken in. A row is never removed: it is the promise to bring the intent onto the chain.
create table intents (
    digest      bytea primary key check (octet_length(digest) = 32),
    -- The order of acceptance.
    place       bigint      not null generated always as identity unique,
    action      text        not null,
    subject     bytea       not null check (octet_length(subject) = 20),
    -- The wire form, as it is sent.
    body        jsonb       not null,
    -- 0 takes access away, 1 only protects, 2 is everything else; the smaller goes first.
    rank        smallint    not null check (rank in (0, 1, 2)),
    -- Of a subject that a custodian has enrolled, as far as this relay knows: the operator's own patients go before
    -- strangers of the same rank, so that nobody can hold their stops up.
    enrolled    boolean     not null,
    -- Passes control of the subject on, and so waits for the subject's stops.
    rotates     boolean     not null,
    state       text        not null check (state in ('accepted', 'submitted', 'included', 'final', 'failed')),
    -- Why it failed, why it needed no transaction, or what keeps an accepted one from being sent.
    reason      text,
    -- Where it was included.
    block_no    bigint,
    -- Transactions that were mined and failed.
    failures    integer     not null default 0,
    accepted_at timestamptz not null,
    changed_at  timestamptz not null,
    try_at      timestamptz not null,
    check (state <> 'failed' or reason is not null),
    check (state not in ('included') or block_no is not null)
);

create index intents_waiting on intents (rank, enrolled desc, place) where state = 'accepted';
create index intents_on_their_way on intents (subject, rank) where state in ('accepted', 'submitted');
create index intents_enrolled on intents (subject) where enrolled;
create index intents_included on intents (block_no) where state = 'included';

-- Every transaction that was ever signed, written before it is sent. Several of one nonce are the same intent at
-- different fees.
create table transactions (
    hash         bytea primary key check (octet_length(hash) = 32),
    sender       bytea       not null check (octet_length(sender) = 20),
    nonce        bigint      not null check (nonce >= 0),
    -- Null for one that only fills a gap in the nonces.
    digest       bytea references intents (digest),
    raw          bytea       not null,
    gas_limit    bigint      not null,
    -- Wei; both fit 63 bits as long as a unit of gas costs less than 9 ether.
    max_fee      bigint      not null,
    priority_fee bigint      not null,
    sent_at      timestamptz not null,
    -- Nothing more is expected of this nonce.
    settled      boolean     not null default false
);

create index transactions_unsettled on transactions (sender, nonce) where not settled;
create index transactions_intent on transactions (digest, sent_at);

create table outbox (
    id           bigint generated always as identity primary key,
    topic        text        not null,
    key          text        not null,
    event_id     uuid        not null unique,
    kind         text        not null,
    source       text        not null,
    happened_at  timestamptz not null,
    tenant       text,
    corr_id      text        not null,
    body         bytea       not null,
    published_at timestamptz
);
create index outbox_unpublished on outbox (id) where published_at is null;
