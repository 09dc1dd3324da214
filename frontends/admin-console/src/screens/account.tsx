import { Loaded, Page, SummaryList, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useApi, type AccountDetail, type Enrolment } from "../lib/api.js";
import { CodeShown } from "../parts/code-shown.js";
import { ConfirmButton } from "../parts/confirm.js";
import { AccountStatusTag, PersonaLabel } from "../parts/words.js";

export function AccountPage() {
  const { t } = useLingui();
  const api = useApi();
  const { id } = useParams({ from: "/accounts/$id" });
  const query = useQuery({ queryKey: ["account", id], queryFn: ({ signal }) => api.account(id, signal) });
  const login = query.data?.login;
  return (
    <Page heading={login ? <span dir="auto">{login}</span> : <Trans>Account</Trans>} plainHeading={login ?? t`Account`} back={{ to: "/accounts", label: <Trans>Accounts</Trans> }}>
      <Loaded query={query} waiting={<Trans>Fetching the account.</Trans>}>{(account) => <Detail account={account} />}</Loaded>
    </Page>
  );
}

function Detail({ account }: { account: AccountDetail }) {
  const { number } = useFormats();
  const api = useApi();
  const queries = useQueryClient();
  const changed = () => Promise.all([queries.invalidateQueries({ queryKey: ["account", account.id] }), queries.invalidateQueries({ queryKey: ["accounts"] })]);
  const close = useMutation({ mutationFn: () => api.closeAccount(account.id), onSuccess: changed });
  const open = useMutation({ mutationFn: () => api.openAccount(account.id), onSuccess: changed });
  const recover = useMutation<Enrolment, unknown, undefined>({ mutationFn: () => api.makeCode({ account: account.id }), gcTime: 0 });
  const { login } = account;
  const yes = (there: boolean) => (there ? <Trans>yes</Trans> : <Trans>no</Trans>);
  const text = (value: string | null | undefined) => (value ? <code dir="ltr">{value}</code> : <span className="soft"><Trans>none</Trans></span>);
  return (
    <>
      <SummaryList rows={[
        { key: "status", term: <Trans>State</Trans>, value: <AccountStatusTag status={account.status} /> },
        { key: "kind", term: <Trans>Kind</Trans>, value: <PersonaLabel persona={account.persona} /> },
        { key: "organization", term: <Trans>Organisation</Trans>, value: text(account.organization) },
        { key: "practitioner", term: <Trans>Practitioner</Trans>, value: text(account.practitioner) },
        { key: "patient", term: <Trans>Patient's id in the record system</Trans>, value: text(account.fhirId) },
        { key: "passkeys", term: <Trans>Passkeys</Trans>, value: number(account.passkeys) },
        { key: "password", term: <Trans>Password</Trans>, value: yes(account.password) },
        { key: "app", term: <Trans>Authenticator app</Trans>, value: yes(account.app) },
        { key: "id", term: <Trans>Account id</Trans>, value: <span className="hex">{account.id}</span> },
      ]} />
      <h2><Trans>They cannot sign in any more</Trans></h2>
      <p><Trans>Make sure that it is really them. When the new code is used, all that the account had ends: passkeys, password, app and sessions.</Trans></p>
      {recover.data
        ? <CodeShown code={recover.data} />
        : <ConfirmButton label={<Trans>Make a recovery code</Trans>} heading={<Trans>Make a recovery code for {login}?</Trans>} action={<Trans>Make the code</Trans>} work={recover} sure={<Trans>I have checked who asks for it</Trans>}>
            <p><Trans>Whoever enters the code is this person from then on.</Trans></p>
          </ConfirmButton>}
      <h2>{account.status === "active" ? <Trans>Keep them out</Trans> : <Trans>Let them in again</Trans>}</h2>
      {account.status === "active" ? (
        <>
          <p><Trans>Their sessions end at once, their tokens within seconds.</Trans></p>
          <ConfirmButton danger label={<Trans>Close the account</Trans>} heading={<Trans>Close the account {login}?</Trans>} action={<Trans>Close it</Trans>} work={close}>
            <p><Trans>They are signed out everywhere and cannot sign in until an administrator opens the account again.</Trans></p>
          </ConfirmButton>
        </>
      ) : (
        <ConfirmButton label={<Trans>Open the account</Trans>} heading={<Trans>Open the account {login} again?</Trans>} action={<Trans>Open it</Trans>} work={open}>
          <p><Trans>They can sign in with what they had before.</Trans></p>
        </ConfirmButton>
      )}
    </>
  );
}
