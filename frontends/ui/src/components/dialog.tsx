import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, I18nProvider, Modal, ModalOverlay } from "react-aria-components";
import { useLanguage } from "../i18n/provider.js";

/** A question that must be answered before anything else. */
export function Dialog({ isOpen, onClose, heading, children, urgent = false }: { isOpen: boolean; onClose: () => void; heading: ReactNode; children: ReactNode; urgent?: boolean }) {
  const { locale } = useLanguage();
  return (
    <I18nProvider locale={locale}>
      <ModalOverlay className="modal-shade" isOpen={isOpen} onOpenChange={(open) => { if (!open) onClose(); }} isDismissable={!urgent}>
        <Modal className="modal">
          <AriaDialog role={urgent ? "alertdialog" : "dialog"}>
            <Heading slot="title" level={2}>{heading}</Heading>
            {children}
          </AriaDialog>
        </Modal>
      </ModalOverlay>
    </I18nProvider>
  );
}
